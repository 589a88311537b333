#include <weft/memory/compute_pool.hpp>
#include <weft/memory/stack_slab.hpp>

#include "../support/heap_count.hpp"
#include "pool_actors.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

/// \file
/// What the runtime promises: nothing on the path of a running source allocates from the heap.

namespace weft
{

TEST(NoAllocation, stacksComeFromTheSlabAlone)
{
    StackSlab slab({.stacks = {16, 4, 1}});
    const std::size_t before = heapAllocationCount();
    for (int round = 0; round < 1000; ++round)
    {
        std::array<Stack, 4> taken;
        for (Stack& stack : taken)
        {
            stack = slab.take(StackClass::Medium).value();
        }
        for (const Stack& stack : taken)
        {
            slab.give(stack);
        }
        EXPECT_FALSE(slab.findGuard(&slab).has_value());
    }
    EXPECT_EQ(heapAllocationCount(), before);
}

TEST(NoAllocation, tenThousandBuffersPassFromSourceToConsumer)
{
    constexpr int Buffers = 10'000;
    ParkingSignal signal;
    IoBufferPool pool(ioPoolOf(2));
    pool.attach(signal);
    BufferReservation fast = reserveIn(pool);
    IoBuffer inFlight;
    std::atomic<bool> full = false;
    std::atomic<bool> finished = false;
    std::jthread consumer(
        [&]
        {
            while (!finished)
            {
                full.wait(false);
                IoBuffer mine = std::move(inFlight);
                full = false;
                full.notify_one();
            }
        });
    KeepingWaiter waiter;
    std::size_t waits = 0;
    const std::size_t before = heapAllocationCount();
    for (int count = 0; count < Buffers; ++count)
    {
        if (auto buffer = pool.tryAcquire(fast))
        {
            waiter.buffer = std::move(*buffer);
        }
        else
        {
            ++waits;
            pool.enqueue(fast, waiter);
            if (count % 2 == 0)
            {
                pool.withdraw(waiter);
                pool.enqueue(fast, waiter);
            }
            while (waiter.isWaiting())
            {
                ASSERT_TRUE(signal.park());
                pool.reclaim();
            }
        }
        full.wait(true);
        inFlight = std::move(waiter.buffer);
        finished = count + 1 == Buffers;
        full = true;
        full.notify_one();
    }
    EXPECT_EQ(heapAllocationCount(), before) << "with " << waits << " waits";
    consumer.join();
}

TEST(NoAllocation, requestsWaitForTheirLimitsWithoutTheHeap)
{
    IoBufferPool pool(ioPoolOf(18));
    BufferReservation flood = reserveIn(pool);
    BufferReservation other = reserveIn(pool);
    std::array<IoBuffer, 9> held;
    KeepingWaiter waiter;
    const std::size_t before = heapAllocationCount();
    for (int round = 0; round < 1000; ++round)
    {
        for (IoBuffer& buffer : held)
        {
            buffer = pool.tryAcquire(flood).value();
        }
        ASSERT_FALSE(pool.tryAcquire(flood).has_value());
        const IoBuffer own = pool.tryAcquire(other).value();
        const IoBuffer shared = pool.tryAcquire(other).value();
        pool.enqueue(flood, waiter);
        // The own one last, so that the request goes down from level to level first.
        for (std::size_t index = held.size(); index > 0 && waiter.isWaiting(); --index)
        {
            held[index - 1].reset();
            pool.reclaim();
        }
        ASSERT_TRUE(static_cast<bool>(waiter.buffer));
        waiter.buffer.reset();
        held = {};
        pool.reclaim();
    }
    EXPECT_EQ(heapAllocationCount(), before);
    EXPECT_EQ(pool.statistics().limited, 1000U);
}

TEST(NoAllocation, reservationsOpenAndCloseWithoutTheHeap)
{
    IoBufferPool pool(ioPoolOf(4));
    const std::size_t before = heapAllocationCount();
    for (int round = 0; round < 1000; ++round)
    {
        auto reservation = pool.reserve("a name that is much too long for a small string");
        ASSERT_TRUE(reservation.has_value());
        ASSERT_TRUE(pool.tryAcquire(*reservation).has_value());
    }
    EXPECT_EQ(heapAllocationCount(), before);
}

TEST(NoAllocation, computeBuffersComeFromThePoolAlone)
{
    ComputePool pool({.bufferCount = 2, .bufferSizeBytes = 64});
    const std::size_t before = heapAllocationCount();
    for (int round = 0; round < 1000; ++round)
    {
        const auto first = pool.tryAcquire();
        const auto second = pool.acquireUntil(std::chrono::steady_clock::now());
        ASSERT_TRUE(second.has_value());
        ASSERT_FALSE(pool.acquireUntil(std::chrono::steady_clock::now()).has_value());
    }
    EXPECT_EQ(heapAllocationCount(), before);
}

} // namespace weft
