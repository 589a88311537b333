#include <weft/memory/shared_io_buffer_pool.hpp>

#include "tests/memory/pool_actors.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

/// \file
/// The pool that any thread may use: same rules as a reactor's, and no request forgotten between
/// the thread that releases and the one that holds the lock.

namespace weft
{

namespace
{

SharedBufferReservation reserveIn(SharedIoBufferPool& pool, std::string_view name = "source")
{
    return std::move(pool.reserve(name).value());
}

} // namespace

TEST(SharedIoBufferPool, refusesMoreReservationsThanItHasBuffers)
{
    SharedIoBufferPool pool(ioPoolOf(1));
    const auto first = reserveIn(pool);
    const auto second = pool.reserve("late");
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().sourceName, "late");
    EXPECT_EQ(second.error().reservedCount, 1U);
}

TEST(SharedIoBufferPool, keepsTheGuaranteedBufferFromAHog)
{
    SharedIoBufferPool pool(ioPoolOf(4));
    auto hog = pool.reserve("hog", {.buffersInFlightMax = 4}).value();
    auto modest = reserveIn(pool, "modest");
    std::vector<IoBuffer> hogged;
    while (auto buffer = pool.tryAcquire(hog))
    {
        hogged.push_back(std::move(*buffer));
    }
    EXPECT_EQ(hogged.size(), 3U);
    EXPECT_TRUE(pool.tryAcquire(modest).has_value());
    pool.checkInvariants();
}

TEST(SharedIoBufferPool, reservationThatMovesToAnotherThreadStaysOpen)
{
    SharedIoBufferPool pool(ioPoolOf(1));
    auto reservation = reserveIn(pool);
    std::uint32_t inFlight = 0;
    std::jthread(
        [&pool, &inFlight, own = std::move(reservation)]() mutable
        {
            const auto buffer = pool.tryAcquire(own);
            inFlight = own.buffersInFlight();
        })
        .join();
    EXPECT_EQ(inFlight, 1U);
    EXPECT_EQ(pool.statistics().reserved, 0U);
}

TEST(SharedIoBufferPool, releaseHandsTheBufferToTheWaiterAtOnce)
{
    SharedIoBufferPool pool(ioPoolOf(1));
    auto reservation = reserveIn(pool);
    auto held = pool.tryAcquire(reservation);
    KeepingWaiter waiter;
    pool.enqueue(reservation, waiter);
    held->reset();
    EXPECT_EQ(waiter.grantCount, 1);
    EXPECT_FALSE(pool.withdraw(waiter));
}

TEST(SharedIoBufferPool, enqueueFindsWhatCameBackBefore)
{
    SharedIoBufferPool pool(ioPoolOf(1));
    auto reservation = reserveIn(pool);
    auto held = pool.tryAcquire(reservation);
    held->reset();
    KeepingWaiter waiter;
    pool.enqueue(reservation, waiter);
    EXPECT_EQ(waiter.grantCount, 1);
}

TEST(SharedIoBufferPool, withdrawnWaiterIsNotServed)
{
    SharedIoBufferPool pool(ioPoolOf(1));
    auto reservation = reserveIn(pool);
    auto held = pool.tryAcquire(reservation);
    KeepingWaiter waiter;
    pool.enqueue(reservation, waiter);
    EXPECT_TRUE(pool.withdraw(waiter));
    held->reset();
    EXPECT_EQ(waiter.grantCount, 0);
    pool.checkInvariants();
}

TEST(SharedIoBufferPool, closedReservationLeavesItsBufferToAWaiter)
{
    SharedIoBufferPool pool(ioPoolOf(2));
    auto going = reserveIn(pool, "going");
    auto staying = reserveIn(pool, "staying");
    const auto held = pool.tryAcquire(staying);
    KeepingWaiter waiter;
    pool.enqueue(staying, waiter);
    EXPECT_EQ(waiter.grantCount, 0);
    going.close();
    EXPECT_EQ(waiter.grantCount, 1);
}

TEST(SharedIoBufferPool, buffersOutliveIt)
{
    IoBuffer kept;
    {
        SharedIoBufferPool pool(ioPoolOf(2));
        auto reservation = reserveIn(pool);
        kept = std::move(*pool.tryAcquire(reservation));
    }
    kept.writable()[0] = std::byte{1};
    kept.setSizeBytes(1);
    EXPECT_EQ(kept.bytes()[0], std::byte{1});
}

TEST(SharedIoBufferPool, releasesThatRaceWithRequestsForgetNobody)
{
    constexpr int Rounds = 20'000;
    SharedIoBufferPool pool(ioPoolOf(1));
    auto reservation = reserveIn(pool);
    BufferQueue queue;
    std::jthread releaser(
        [&queue]
        {
            while (queue.pop())
            {
            }
        });
    int forgotten = 0;

    struct Waiter final : BufferWaiter
    {
        void bufferGranted(IoBuffer granted) noexcept override
        {
            buffer = std::move(granted);
            isGranted.store(true, std::memory_order_release);
        }

        IoBuffer buffer;
        std::atomic<bool> isGranted = false;
    };

    queue.push(std::move(*pool.tryAcquire(reservation)));
    for (int round = 0; round < Rounds && forgotten == 0; ++round)
    {
        Waiter waiter;
        pool.enqueue(reservation, waiter);
        const auto patience = std::chrono::steady_clock::now() + Patience;
        while (!waiter.isGranted.load(std::memory_order_acquire))
        {
            if (std::chrono::steady_clock::now() > patience)
            {
                ++forgotten;
                break;
            }
            std::this_thread::yield();
        }
        // The call that granted it has ended once the lock has been had.
        (void)pool.withdraw(waiter);
        queue.push(std::move(waiter.buffer));
    }
    queue.finish();
    releaser.join();
    EXPECT_EQ(forgotten, 0);
}

} // namespace weft
