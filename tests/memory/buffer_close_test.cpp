#include "pool_actors.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

/// \file
/// Pools that end while their buffers are still held.

namespace weft
{

namespace
{

void spinUntil(const std::atomic<int>& value, int expected)
{
    for (int spins = 1; value.load(std::memory_order_acquire) != expected; ++spins)
    {
        if (spins % 1000 == 0)
        {
            std::this_thread::yield();
        }
    }
}

} // namespace

TEST(BufferClose, buffersStayValidAfterThePoolIsGone)
{
    std::vector<IoBuffer> survivors;
    {
        IoBufferPool pool(ioPoolOf(4));
        BufferReservation source = reserveUnlimitedIn(pool);
        survivors = takeAll(pool, source);
        ASSERT_EQ(survivors.size(), 4U);
        std::memcpy(survivors[2].writable().data(), "late", 4);
        survivors[2].setSizeBytes(4);
        survivors.erase(survivors.begin());
    }
    EXPECT_EQ(std::memcmp(survivors[1].bytes().data(), "late", 4), 0);
    std::jthread(
        [last = std::move(survivors)]() mutable
        {
            last.clear();
        })
        .join();
}

TEST(BufferClose, theSignalIsSilentOnceThePoolIsClosed)
{
    IoBufferPool pool(ioPoolOf(2));
    CountingSignal signal;
    pool.attach(signal);
    IoBuffer survivor;
    {
        BufferReservation source = reserveIn(pool);
        survivor = pool.tryAcquire(source).value();
        KeepingWaiter waiter;
        BufferReservation other = reserveIn(pool);
        const IoBuffer second = pool.tryAcquire(other).value();
        pool.enqueue(other, waiter);
        pool.withdraw(waiter);
    }
    pool.close();
    pool.close();
    const int before = signal.callCount;
    EXPECT_EQ(pool.statistics().inUse, 1U);
    survivor.reset();
    EXPECT_EQ(signal.callCount, before);
    EXPECT_EQ(pool.statistics().free, 2U);
}

/// The signal and the pool end while another thread is in the middle of releasing, perhaps on its
/// way to the signal. Both start from one spin and the delay varies, so that the ends meet at ever
/// other points; under the sanitizers a late touch shows.
TEST(BufferClose, closingRacesWithReleasesOfAnotherThread)
{
    constexpr int Rounds = 6000;
    constexpr std::uint32_t Buffers = 3;
    std::vector<IoBuffer> inFlight;
    std::atomic<int> startedRound = 0;
    std::atomic<int> finishedRound = 0;
    std::jthread releaser(
        [&]
        {
            for (int round = 1; round <= Rounds; ++round)
            {
                spinUntil(startedRound, round);
                inFlight.clear();
                finishedRound.store(round, std::memory_order_release);
            }
        });
    for (int round = 1; round <= Rounds; ++round)
    {
        auto signal = std::make_unique<CountingSignal>();
        auto pool = std::make_unique<IoBufferPool>(ioPoolOf(Buffers));
        pool->attach(*signal);
        BufferReservation source = reserveUnlimitedIn(*pool);
        inFlight = takeAll(*pool, source);
        ASSERT_EQ(inFlight.size(), Buffers);
        KeepingWaiter waiter;
        pool->enqueue(source, waiter);
        startedRound.store(round, std::memory_order_release);
        for (int turn = 0; turn < round % 200; ++turn)
        {
            static_cast<void>(startedRound.load(std::memory_order_relaxed));
        }
        pool->withdraw(waiter);
        source.close();
        pool->close();
        signal.reset();
        pool.reset();
        spinUntil(finishedRound, round);
    }
}

/// Whoever closes may destroy the signal next, so a call under way must have ended by then.
TEST(BufferClose, closingWaitsForASignalThatIsUnderWay)
{
    class SlowSignal final : public ReturnSignal
    {
    public:
        void buffersReturned() noexcept override
        {
            entered = true;
            entered.notify_one();
            closing.wait(false);
            // The longer the owner takes to get into close(), the more often it is too late to
            // notice that it does not wait; it never fails wrongly.
            for (int turn = 0; turn < 200; ++turn)
            {
                std::this_thread::yield();
            }
            ended = true;
        }

        std::atomic<bool> entered = false;
        std::atomic<bool> closing = false;
        std::atomic<bool> ended = false;
    };

    SlowSignal signal;
    IoBufferPool pool(ioPoolOf(1));
    pool.attach(signal);
    std::jthread releaser;
    {
        BufferReservation source = reserveIn(pool);
        KeepingWaiter waiter;
        IoBuffer only = pool.tryAcquire(source).value();
        pool.enqueue(source, waiter);
        releaser = std::jthread(
            [mine = std::move(only)]() mutable
            {
                mine.reset();
            });
        signal.entered.wait(false);
        pool.withdraw(waiter);
    }
    signal.closing = true;
    signal.closing.notify_one();
    pool.close();
    EXPECT_TRUE(signal.ended);
}

TEST(BufferCloseDeathTest, anOpenReservationAtTheEndIsCaught)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    IoBufferPool pool(ioPoolOf(1));
    const BufferReservation source = reserveIn(pool);
    EXPECT_DEATH(pool.close(), "assertion failed");
}

} // namespace weft
