#include <weft/memory/compute_pool.hpp>
#include <weft/timers/clock.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

namespace weft
{

namespace
{

constexpr std::chrono::seconds PatienceForAll{60};

ComputePoolOptions computePoolOf(std::uint32_t bufferCount)
{
    return ComputePoolOptions{.bufferCount = bufferCount, .bufferSizeBytes = 1024};
}

} // namespace

TEST(ComputePool, handsOutEachBufferOnceAndTakesItBack)
{
    ComputePool pool(computePoolOf(2));
    auto first = pool.tryAcquire();
    auto second = pool.tryAcquire();
    ASSERT_TRUE(first.has_value() && second.has_value());
    EXPECT_EQ(first->capacityBytes(), 1024U);
    EXPECT_NE(first->writable().data(), second->writable().data());
    EXPECT_FALSE(pool.tryAcquire().has_value());
    EXPECT_EQ(pool.statistics().free, 0U);
    first->reset();
    EXPECT_TRUE(pool.tryAcquire().has_value());
    EXPECT_EQ(pool.statistics().inUse, 1U);
    EXPECT_EQ(pool.statistics().highWater, 2U);
    EXPECT_EQ(pool.statistics().acquisitions, 3U);
}

TEST(ComputePool, aDeadlineThatPassesAnswersNothing)
{
    ComputePool pool(computePoolOf(1));
    const auto held = pool.tryAcquire();
    EXPECT_FALSE(pool.acquireUntil(Clock::now()).has_value());
    EXPECT_FALSE(pool.acquireUntil(Clock::now() + std::chrono::milliseconds(5)).has_value());
    EXPECT_EQ(pool.statistics().waiting, 0U);
}

TEST(ComputePool, aReleaseWakesAThreadThatWaits)
{
    ComputePool pool(computePoolOf(1));
    std::optional<ComputeBuffer> held = pool.tryAcquire();
    const auto deadline = Clock::now() + PatienceForAll;
    std::atomic<bool> acquiredInTime = false;
    std::jthread waiter(
        [&]
        {
            acquiredInTime = pool.acquireUntil(deadline).has_value() && Clock::now() < deadline;
        });
    while (pool.statistics().waiting == 0)
    {
        std::this_thread::yield();
    }
    held.reset();
    waiter.join();
    EXPECT_TRUE(acquiredInTime);
}

TEST(ComputePool, threadsThatShareFewBuffersNeverShareOne)
{
    constexpr int Rounds = 3000;
    ComputePool pool(computePoolOf(2));
    std::atomic<int> failures = 0;
    const auto work = [&](unsigned char mark)
    {
        for (int round = 0; round < Rounds; ++round)
        {
            auto buffer = pool.acquireUntil(Clock::now() + PatienceForAll);
            if (!buffer.has_value())
            {
                ++failures;
                return;
            }
            std::memset(buffer->writable().data(), mark, buffer->capacityBytes());
            std::this_thread::yield();
            failures += buffer->writable().back() != std::byte{mark};
        }
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned char mark = 1; mark <= 4; ++mark)
        {
            threads.emplace_back(work, mark);
        }
    }
    EXPECT_EQ(failures, 0);
    EXPECT_EQ(pool.statistics().free, 2U);
    EXPECT_EQ(pool.statistics().acquisitions, 4U * Rounds);
}

TEST(ComputePool, buffersStayValidAfterThePoolIsGone)
{
    std::optional<ComputeBuffer> survivor;
    {
        ComputePool pool(computePoolOf(3));
        survivor = pool.tryAcquire();
        survivor->writable()[0] = std::byte{9};
    }
    EXPECT_EQ(survivor->writable()[0], std::byte{9});
    std::jthread(
        [last = std::move(survivor)]() mutable
        {
            last->reset();
        })
        .join();
}

} // namespace weft
