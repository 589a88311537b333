#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <semaphore>
#include <thread>
#include <vector>

#include <delivery_queue.hpp>

namespace weft::tools
{

namespace
{

std::size_t residentBytes()
{
    std::ifstream file("/proc/self/statm");
    std::size_t mapped = 0;
    std::size_t resident = 0;
    file >> mapped >> resident;
    return resident * pageSizeBytes();
}

} // namespace

TEST(DeliveryQueueTest, comesOutInTheOrderInWhichItWentIn)
{
    DeliveryQueue queue(3);
    for (std::uint32_t round = 0; round < 10; ++round)
    {
        queue.push({.buffer = {}, .source = round});
        queue.push({.buffer = {}, .source = round + 100});
        EXPECT_EQ(queue.pop().source, round);
        EXPECT_EQ(queue.pop().source, round + 100);
    }
}

/// Several writers, a small ring that is lapped thousands of times, and a reader that falls asleep
/// whenever it can: nothing is lost, and each writer's deliveries stay in order.
TEST(DeliveryQueueTest, writersAndReaderThatSleepsLoseNothing)
{
    constexpr std::uint32_t Writers = 4;
    constexpr std::uint32_t DeliveriesOfEach = 50'000;
    constexpr std::size_t Capacity = 8;
    DeliveryQueue queue(Capacity);
    // What the pool's buffers are in the program: a bound on what exists at once.
    std::counting_semaphore<> room(Capacity);
    std::vector<std::jthread> threads;
    for (std::uint32_t writer = 0; writer < Writers; ++writer)
    {
        threads.emplace_back(
            [&, writer]
            {
                for (std::uint32_t number = 0; number < DeliveriesOfEach; ++number)
                {
                    room.acquire();
                    queue.push({.buffer = {}, .source = number * Writers + writer});
                }
            });
    }
    std::array<std::uint32_t, Writers> next{};
    for (std::uint32_t count = 0; count < Writers * DeliveriesOfEach; ++count)
    {
        const auto source = queue.pop().source;
        ASSERT_EQ(source / Writers, next[source % Writers]++);
        room.release();
    }
}

/// Each cell was written to at the start: a queue for the buffers of a large pool cost a quarter of
/// a gigabyte before the first of them was delivered.
TEST(DeliveryQueueTest, takesNoMemoryForCellsThatWereNeverUsed)
{
    constexpr std::size_t Capacity = std::size_t{1} << 22;
    constexpr std::size_t AllowedBytes = std::size_t{4} << 20;
    const auto before = residentBytes();
    DeliveryQueue queue(Capacity);
    queue.push({.buffer = {}, .source = 7});
    EXPECT_EQ(queue.pop().source, 7U);
    EXPECT_LT(residentBytes(), before + AllowedBytes);
}

} // namespace weft::tools
