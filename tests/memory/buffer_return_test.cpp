#include "pool_actors.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

/// \file
/// Buffers released by other threads while the owner sleeps.

namespace weft
{

namespace
{

/// A source as a state machine: it asks, is granted, fills, emits, and asks again.
class EmittingSource final : public BufferWaiter
{
public:
    EmittingSource(IoBufferPool& ownerPool, std::uint64_t ownId, BufferQueue& emitTo)
        : pool(ownerPool),
          reservation(reserveIn(ownerPool)),
          id(ownId),
          downstream(emitTo)
    {
    }

    void run(std::uint64_t buffersToEmit)
    {
        while (emitted < buffersToEmit && !isWaiting())
        {
            if (auto buffer = pool.tryAcquire(reservation))
            {
                emit(std::move(*buffer));
            }
            else
            {
                pool.enqueue(reservation, *this);
            }
        }
    }

    void bufferGranted(IoBuffer buffer) noexcept override
    {
        emit(std::move(buffer));
    }

    std::uint64_t emitted = 0;

private:
    void emit(IoBuffer buffer)
    {
        buffer.metadata().originId = id;
        buffer.metadata().sequenceNumber = emitted;
        std::memcpy(buffer.writable().data(), &emitted, sizeof(emitted));
        buffer.setSizeBytes(sizeof(emitted));
        ++emitted;
        downstream.push(std::move(buffer));
    }

    IoBufferPool& pool;
    BufferReservation reservation;
    std::uint64_t id;
    BufferQueue& downstream;
};

} // namespace

TEST(BufferReturn, releasesOnOtherThreadsWakeTheSourcesThatWait)
{
    constexpr std::uint64_t Sources = 12;
    constexpr std::uint64_t BuffersEach = 4000;
    ParkingSignal signal;
    BufferQueue queue;
    IoBufferPool pool(ioPoolOf(16));
    pool.attach(signal);
    std::atomic<std::uint64_t> wrongBuffers = 0;
    std::atomic<std::uint64_t> consumed = 0;
    const auto consume = [&]
    {
        while (const IoBuffer buffer = queue.pop())
        {
            std::uint64_t written = 0;
            std::memcpy(&written, buffer.bytes().data(), sizeof(written));
            wrongBuffers += written != buffer.metadata().sequenceNumber;
            ++consumed;
        }
    };
    {
        std::vector<std::unique_ptr<EmittingSource>> sources;
        for (std::uint64_t id = 0; id < Sources; ++id)
        {
            sources.push_back(std::make_unique<EmittingSource>(pool, id, queue));
        }
        const std::jthread firstConsumer(consume);
        const std::jthread secondConsumer(consume);
        const std::jthread thirdConsumer(consume);
        bool signalled = true;
        for (std::uint64_t finished = 0; finished < Sources && signalled;)
        {
            finished = 0;
            for (auto& source : sources)
            {
                source->run(BuffersEach);
                finished += source->emitted >= BuffersEach;
            }
            pool.checkInvariants();
            if (pool.statistics().waiting > 0)
            {
                signalled = signal.park();
                pool.reclaim();
            }
        }
        queue.finish();
        EXPECT_TRUE(signalled) << "somebody waited and no release woke the owner";
        for (auto& source : sources)
        {
            pool.withdraw(*source);
        }
    }
    EXPECT_EQ(wrongBuffers, 0U);
    EXPECT_EQ(consumed, pool.statistics().acquisitions);
    EXPECT_GE(consumed, Sources * BuffersEach);
    pool.reclaim();
    pool.checkInvariants();
    EXPECT_EQ(pool.statistics().free, 16U);
}

/// The owner asks, is told that it has to wait, and sleeps, while another thread releases the only
/// buffer at any moment between. A wake-up that falls in the gap must not be lost.
TEST(BufferReturn, aReleaseBetweenAskingAndSleepingIsNeverMissed)
{
    constexpr int Rounds = 20'000;
    ParkingSignal signal;
    IoBufferPool pool(ioPoolOf(1));
    pool.attach(signal);
    BufferReservation source = reserveIn(pool);
    std::atomic<bool> handedOver = false;
    std::atomic<bool> finished = false;
    IoBuffer inFlight;
    std::jthread releaser(
        [&]
        {
            // Spins, so that the release comes as early as it can.
            while (!finished.load(std::memory_order_relaxed))
            {
                if (handedOver.load(std::memory_order_acquire))
                {
                    IoBuffer buffer = std::move(inFlight);
                    handedOver.store(false, std::memory_order_release);
                    buffer.reset();
                }
                else
                {
                    std::this_thread::yield();
                }
            }
        });
    KeepingWaiter waiter;
    waiter.buffer = pool.tryAcquire(source).value();
    bool signalled = true;
    for (int round = 0; round < Rounds && signalled; ++round)
    {
        while (handedOver.load(std::memory_order_acquire))
        {
            std::this_thread::yield();
        }
        inFlight = std::move(waiter.buffer);
        handedOver.store(true, std::memory_order_release);
        if (auto early = pool.tryAcquire(source))
        {
            waiter.buffer = std::move(*early);
            continue;
        }
        pool.enqueue(source, waiter);
        while (waiter.isWaiting() && signalled)
        {
            signalled = signal.park();
            pool.reclaim();
        }
    }
    EXPECT_TRUE(signalled);
    finished = true;
    releaser.join();
    pool.withdraw(waiter);
}

TEST(BufferReturn, manyThreadsReleasingAtOnceLoseNoBuffer)
{
    constexpr std::uint32_t Buffers = 64;
    constexpr int Rounds = 300;
    constexpr std::ptrdiff_t Threads = 4;
    IoBufferPool pool(ioPoolOf(Buffers));
    BufferReservation source = reserveUnlimitedIn(pool);
    for (int round = 0; round < Rounds; ++round)
    {
        std::vector<IoBuffer> buffers = takeAll(pool, source);
        ASSERT_EQ(buffers.size(), Buffers) << "round " << round;
        std::atomic<std::size_t> next = 0;
        std::vector<std::jthread> threads;
        for (std::ptrdiff_t index = 0; index < Threads; ++index)
        {
            threads.emplace_back(
                [&]
                {
                    for (std::size_t mine = next++; mine < Buffers; mine = next++)
                    {
                        buffers[mine].reset();
                    }
                });
        }
        pool.reclaim();
        threads.clear();
    }
    pool.reclaim();
    pool.checkInvariants();
    EXPECT_EQ(pool.statistics().free, Buffers);
    EXPECT_EQ(pool.statistics().acquisitions, std::uint64_t{Buffers} * Rounds);
}

} // namespace weft
