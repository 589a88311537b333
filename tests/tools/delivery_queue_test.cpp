#include <gtest/gtest.h>

#include <array>
#include <semaphore>
#include <thread>
#include <vector>

#include <delivery_queue.hpp>

namespace weft::tools
{

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

} // namespace weft::tools
