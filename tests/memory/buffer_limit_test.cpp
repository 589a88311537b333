#include "pool_actors.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <memory>
#include <thread>

/// \file
/// How many shared buffers one source may hold.

namespace weft
{

namespace
{

/// A source with its buffers.
struct Holder
{
    explicit Holder(IoBufferPool& ownPool, ReservationLimit limit = {})
        : pool(ownPool),
          reservation(std::move(pool.reserve("holder", limit).value()))
    {
    }

    ~Holder()
    {
        pool.withdraw(waiter);
    }

    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

    bool take()
    {
        auto buffer = pool.tryAcquire(reservation);
        if (buffer.has_value())
        {
            buffers.push_back(std::move(*buffer));
            return true;
        }
        return false;
    }

    std::size_t takeAllItMay()
    {
        while (take())
        {
        }
        return buffers.size();
    }

    void wait()
    {
        pool.enqueue(reservation, waiter);
    }

    bool wasGranted() const
    {
        return waiter.grantCount > 0;
    }

    IoBufferPool& pool;
    BufferReservation reservation;
    std::vector<IoBuffer> buffers;
    KeepingWaiter waiter;
};

} // namespace

TEST(BufferLimit, oneFloodingSourceEndsWithAThirdToAHalfOfTheSharedPart)
{
    for (std::uint32_t shared = 1; shared <= 200; ++shared)
    {
        IoBufferPool pool(ioPoolOf(shared + 3));
        Holder flood(pool);
        Holder other(pool);
        Holder third(pool);
        const std::size_t held = flood.takeAllItMay() - 1;
        EXPECT_GE(held * 3, shared) << shared;
        EXPECT_LE(held * 2, shared + 1) << shared;
        EXPECT_TRUE(other.take()) << "its own";
        EXPECT_EQ(other.take(), shared > 1) << "a shared one, of " << shared;
        EXPECT_TRUE(third.take()) << "its own";
        pool.checkInvariants();
    }
}

TEST(BufferLimit, twoFloodingSourcesEndWithAQuarterToAThirdEach)
{
    for (std::uint32_t shared = 8; shared <= 200; ++shared)
    {
        IoBufferPool pool(ioPoolOf(shared + 3));
        Holder first(pool);
        Holder second(pool);
        Holder slow(pool);
        for (bool more = true; more;)
        {
            more = first.take();
            more = second.take() || more;
        }
        for (const Holder* flood : {&first, &second})
        {
            const std::size_t held = flood->buffers.size() - 1;
            EXPECT_GE(held * 4, shared - 4) << shared;
            EXPECT_LE(held * 3, shared + 3) << shared;
        }
        EXPECT_TRUE(slow.take()) << "its own";
        EXPECT_TRUE(slow.take()) << "a shared one, of " << shared;
    }
}

TEST(BufferLimit, risesWhenOthersReleaseAndTheEventServesWhoWaits)
{
    // 64 shared ones. The other takes 31 of them, so that 16 is as far as the first one gets.
    IoBufferPool pool(ioPoolOf(66));
    CountingSignal signal;
    pool.attach(signal);
    Holder source(pool);
    Holder other(pool, {.buffersInFlightMax = 32});
    ASSERT_EQ(other.takeAllItMay(), 32U);
    EXPECT_EQ(source.reservation.buffersInFlightLimit(), 33U);
    ASSERT_EQ(source.takeAllItMay(), 1U + 16U);
    EXPECT_EQ(source.reservation.buffersInFlightLimit(), 17U);
    source.wait();
    EXPECT_EQ(signal.callCount, 0) << "there are free buffers, but none for it";

    // 17 are free, and 32 have to be.
    for (int more = 0; more < 14; ++more)
    {
        other.buffers.pop_back();
        pool.reclaim();
        EXPECT_FALSE(source.wasGranted()) << more;
    }
    other.buffers.pop_back();
    EXPECT_EQ(signal.callCount, 15) << "each release may be the one that it waits for";
    pool.reclaim();
    EXPECT_TRUE(source.wasGranted());
    pool.checkInvariants();
}

TEST(BufferLimit, whoIsAboveItGetsNothingSharedUntilItHasComeDown)
{
    IoBufferPool pool(ioPoolOf(34));
    Holder flood(pool);
    Holder late(pool);
    ASSERT_EQ(flood.takeAllItMay(), 1U + 16U);
    ASSERT_EQ(late.takeAllItMay(), 1U + 8U);
    flood.wait();
    for (int held = 16; held > 8; --held)
    {
        EXPECT_FALSE(flood.wasGranted()) << held;
        flood.buffers.pop_back();
        // Whatever it gives back the late one takes, until they hold the same.
        pool.reclaim();
        late.takeAllItMay();
        pool.checkInvariants();
    }
    EXPECT_GE(late.buffers.size(), 8U);
    while (!flood.wasGranted() && flood.buffers.size() > 1)
    {
        flood.buffers.pop_back();
        pool.reclaim();
    }
    EXPECT_TRUE(flood.wasGranted());
    EXPECT_GE(flood.buffers.size(), 4U) << "it has not been pushed below the others";
}

TEST(BufferLimit, aFixedOneTakesThePlaceOfTheAdaptiveOne)
{
    IoBufferPool pool(ioPoolOf(16));
    Holder one(pool, {.buffersInFlightMax = 1});
    Holder three(pool, {.buffersInFlightMax = 3});
    Holder many(pool, {.buffersInFlightMax = 1000});
    EXPECT_EQ(one.takeAllItMay(), 1U);
    EXPECT_EQ(three.takeAllItMay(), 3U);
    EXPECT_EQ(one.reservation.buffersInFlightLimit(), 1U);
    EXPECT_EQ(three.reservation.buffersInFlightLimit(), 3U);
    EXPECT_EQ(many.reservation.buffersInFlightLimit(), 16U);

    one.wait();
    three.wait();
    EXPECT_EQ(pool.statistics().limited, 2U);
    // A shared one of its buffers comes back, and with it the right to another.
    three.buffers.pop_back();
    pool.reclaim();
    EXPECT_TRUE(three.wasGranted());
    EXPECT_FALSE(one.wasGranted());
    EXPECT_EQ(many.takeAllItMay(), 12U) << "no more is free";
    one.buffers.clear();
    pool.reclaim();
    EXPECT_TRUE(one.wasGranted());
    pool.checkInvariants();
}

TEST(BufferLimit, itsOwnBufferIsGrantedInSpiteOfTheLimit)
{
    IoBufferPool pool(ioPoolOf(18));
    Holder source(pool);
    Holder hoarder(pool, {.buffersInFlightMax = 100});
    ASSERT_EQ(source.takeAllItMay(), 1U + 8U);
    ASSERT_EQ(hoarder.takeAllItMay(), 9U);
    source.wait();
    source.buffers.erase(source.buffers.begin());
    pool.reclaim();
    EXPECT_TRUE(source.wasGranted()) << "while it waited";
    source.waiter.buffer.reset();
    EXPECT_TRUE(source.take()) << "when it asks";
    EXPECT_EQ(source.reservation.buffersInFlight(), 9U);
    EXPECT_EQ(source.reservation.buffersInFlightLimit(), 1U) << "nothing shared is free";
    pool.checkInvariants();
}

TEST(BufferLimit, theOldestOfThoseWhoMayBeServedIsServedFirst)
{
    IoBufferPool pool(ioPoolOf(16));
    std::vector<std::string> log;
    Holder hoarder(pool, {.buffersInFlightMax = 100});
    std::array<std::unique_ptr<Holder>, 4> sources;
    std::vector<KeepingWaiter*> waiters;
    for (auto& source : sources)
    {
        source = std::make_unique<Holder>(pool);
        ASSERT_TRUE(source->take());
    }
    // They hold 0, 1, 2 and 0 shared ones, and come in another order than that of their shares.
    ASSERT_TRUE(sources[1]->take());
    ASSERT_TRUE(sources[2]->take() && sources[2]->take());
    ASSERT_EQ(hoarder.takeAllItMay(), 9U);
    KeepingWaiter withTwo("two", log);
    KeepingWaiter withNone("none", log);
    KeepingWaiter withOne("one", log);
    KeepingWaiter alsoNone("also none", log);
    pool.enqueue(sources[2]->reservation, withTwo);
    pool.enqueue(sources[0]->reservation, withNone);
    pool.enqueue(sources[1]->reservation, withOne);
    pool.enqueue(sources[3]->reservation, alsoNone);

    for (int back = 0; back < 4; ++back)
    {
        hoarder.buffers.pop_back();
    }
    // Four are free: the one with two may be served, which leaves three, and so on.
    pool.reclaim();
    EXPECT_EQ(log, (std::vector<std::string>{"two", "none", "one", "also none"}));

    log.clear();
    for (KeepingWaiter* waiter : {&withTwo, &withNone, &withOne, &alsoNone})
    {
        waiter->buffer.reset();
    }
    ASSERT_EQ(hoarder.takeAllItMay(), 9U);
    pool.enqueue(sources[2]->reservation, withTwo);
    pool.enqueue(sources[1]->reservation, withOne);
    pool.enqueue(sources[3]->reservation, alsoNone);
    hoarder.buffers.pop_back();
    hoarder.buffers.pop_back();
    pool.reclaim();
    EXPECT_EQ(log, (std::vector<std::string>{"one", "also none"})) << "two were free";
    EXPECT_TRUE(pool.withdraw(withTwo));
    pool.checkInvariants();
}

TEST(BufferLimit, aRequestThatIsPassedKeepsItsPlace)
{
    IoBufferPool pool(ioPoolOf(12));
    Holder hoarder(pool, {.buffersInFlightMax = 100});
    Holder limited(pool);
    std::array<std::unique_ptr<Holder>, 3> others;
    for (auto& other : others)
    {
        other = std::make_unique<Holder>(pool);
        ASSERT_TRUE(other->take());
    }
    ASSERT_TRUE(limited.take() && limited.take() && limited.take());
    ASSERT_EQ(hoarder.takeAllItMay(), 6U);
    limited.wait();
    for (auto& other : others)
    {
        other->wait();
    }
    hoarder.buffers.pop_back();
    pool.reclaim();
    EXPECT_TRUE(others[0]->wasGranted()) << "it holds none, and one was free";
    EXPECT_FALSE(limited.wasGranted());

    // What it gives back goes to the next one, as long as it holds a shared one itself.
    limited.buffers.pop_back();
    pool.reclaim();
    EXPECT_TRUE(others[1]->wasGranted());
    EXPECT_FALSE(limited.wasGranted());
    limited.buffers.pop_back();
    pool.reclaim();
    EXPECT_TRUE(limited.wasGranted()) << "it came before the last of the others";
    EXPECT_FALSE(others[2]->wasGranted());
    pool.checkInvariants();
}

TEST(BufferLimit, tryAcquirePassesThoseAtTheirLimitAndNobodyElse)
{
    IoBufferPool pool(ioPoolOf(12));
    CountingSignal signal;
    pool.attach(signal);
    Holder flood(pool);
    Holder slow(pool);
    Holder newcomer(pool);
    Holder hoarder(pool, {.buffersInFlightMax = 100});
    ASSERT_EQ(flood.takeAllItMay(), 1U + 4U);
    flood.wait();
    ASSERT_TRUE(slow.take());
    EXPECT_TRUE(slow.take()) << "nobody waits who may have it";
    ASSERT_TRUE(newcomer.take());
    ASSERT_EQ(hoarder.takeAllItMay(), 4U);
    newcomer.wait();
    hoarder.buffers.pop_back();
    EXPECT_EQ(signal.callCount, 1);
    EXPECT_FALSE(hoarder.take()) << "it would overtake the newcomer";
    pool.reclaim();
    EXPECT_TRUE(newcomer.wasGranted());
    EXPECT_FALSE(flood.wasGranted());
    pool.checkInvariants();
}

TEST(BufferLimit, aRequestAtItsLimitMayBeWithdrawn)
{
    IoBufferPool pool(ioPoolOf(10));
    CountingSignal signal;
    pool.attach(signal);
    Holder flood(pool);
    Holder other(pool);
    ASSERT_EQ(flood.takeAllItMay(), 1U + 4U);
    flood.wait();
    EXPECT_EQ(pool.statistics().waiting, 1U);
    EXPECT_TRUE(pool.withdraw(flood.waiter));
    EXPECT_EQ(pool.statistics().waiting, 0U);
    EXPECT_EQ(signal.callCount, 0);
    flood.buffers.clear();
    pool.reclaim();
    EXPECT_EQ(signal.callCount, 0) << "nobody waits";
    EXPECT_FALSE(flood.wasGranted());
    EXPECT_EQ(flood.takeAllItMay(), 1U + 4U);
    pool.checkInvariants();
}

TEST(BufferLimit, closingAReservationMakesRoomForThoseAtTheirLimit)
{
    IoBufferPool pool(ioPoolOf(5));
    CountingSignal signal;
    pool.attach(signal);
    Holder source(pool);
    auto idle = std::make_unique<Holder>(pool);
    auto busy = std::make_unique<Holder>(pool);
    ASSERT_EQ(source.takeAllItMay(), 1U + 1U);
    source.wait();
    EXPECT_EQ(signal.callCount, 0) << "one is free, and it holds one";
    ASSERT_TRUE(busy->take());
    std::vector<IoBuffer> downstream = std::move(busy->buffers);
    busy.reset();
    EXPECT_EQ(signal.callCount, 0) << "what is downstream makes no room yet";
    pool.checkInvariants();
    idle.reset();
    EXPECT_EQ(signal.callCount, 1);
    pool.reclaim();
    EXPECT_TRUE(source.wasGranted());
    EXPECT_FALSE(source.take()) << "it holds two and one is free";
    downstream.clear();
    EXPECT_FALSE(source.take()) << "it holds two and two are free";
    pool.checkInvariants();
}

TEST(BufferLimit, aRequestCountsAsLimitedOnceAndOnlyWhenABufferIsFree)
{
    IoBufferPool pool(ioPoolOf(10));
    Holder source(pool);
    Holder hoarder(pool, {.buffersInFlightMax = 100});
    ASSERT_EQ(source.takeAllItMay(), 1U + 4U);
    ASSERT_EQ(hoarder.takeAllItMay(), 5U);
    source.wait();
    EXPECT_EQ(pool.statistics().limited, 0U) << "nothing is free";
    hoarder.buffers.pop_back();
    pool.reclaim();
    EXPECT_EQ(pool.statistics().limited, 1U);
    hoarder.buffers.pop_back();
    pool.reclaim();
    EXPECT_EQ(pool.statistics().limited, 1U);
    EXPECT_TRUE(pool.withdraw(source.waiter));
    source.wait();
    EXPECT_EQ(pool.statistics().limited, 2U) << "another request";
    EXPECT_EQ(pool.statistics().grants, 0U);
}

/// The owner sleeps, and only the release that makes room ends in a grant.
TEST(BufferLimit, releasesOfAnotherThreadServeARequestWhenItsLimitAllowsIt)
{
    constexpr int Rounds = 200;
    for (int round = 0; round < Rounds; ++round)
    {
        ParkingSignal signal;
        IoBufferPool pool(ioPoolOf(34));
        pool.attach(signal);
        Holder source(pool);
        Holder hoarder(pool, {.buffersInFlightMax = 100});
        ASSERT_EQ(source.takeAllItMay(), 1U + 16U);
        // 16 more are shared. The hoarder's own is released last, so each one counts.
        ASSERT_EQ(hoarder.takeAllItMay(), 17U);
        // It holds four of them now and waits until eight are free.
        source.buffers.resize(1 + 4);
        pool.reclaim();
        ASSERT_EQ(hoarder.takeAllItMay(), 17U + 12U);
        source.wait();
        std::jthread consumer(
            [&]
            {
                while (!hoarder.buffers.empty())
                {
                    hoarder.buffers.pop_back();
                    if (round % 2 == 0)
                    {
                        std::this_thread::yield();
                    }
                }
            });
        bool signalled = true;
        while (!source.wasGranted() && signalled)
        {
            const std::uint32_t free = pool.statistics().free;
            EXPECT_LE(free, 34U - 5U);
            signalled = signal.park();
            pool.reclaim();
            // Releases that come after the reclaim show here too; before it, it must have seen 8.
            EXPECT_TRUE(!source.wasGranted() || pool.statistics().free >= 7U);
        }
        EXPECT_TRUE(signalled) << "round " << round << ": it waited, and no release woke the owner";
        consumer.join();
        pool.reclaim();
        pool.checkInvariants();
    }
}

} // namespace weft
