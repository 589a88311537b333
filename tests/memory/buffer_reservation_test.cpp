#include "pool_actors.hpp"

#include <gtest/gtest.h>

namespace weft
{

TEST(BufferReservation, isRefusedWithTheNumbersWhenAllBuffersAreReserved)
{
    IoBufferPool pool(ioPoolOf(64));
    std::vector<BufferReservation> reservations;
    for (int count = 0; count < 64; ++count)
    {
        reservations.push_back(reserveIn(pool));
    }
    const auto refused = pool.reserve("x");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message(),
              "source 'x' cannot be given its buffer: pool 'io-0' has 64 buffers of 4096 bytes and "
              "64 are reserved; raise runtime.buffers_per_reactor to at least 65 or use fewer "
              "sources");
    EXPECT_EQ(refused.error().reservedCount, 64U);

    reservations.pop_back();
    EXPECT_TRUE(pool.reserve("x").has_value());
    pool.checkInvariants();
}

TEST(BufferReservation, everySourceGetsItsOwnWhileAConsumerKeepsAllSharedForEver)
{
    constexpr int Others = 20;
    IoBufferPool pool(ioPoolOf(64));
    BufferReservation flood = reserveUnlimitedIn(pool, "flood");
    std::vector<BufferReservation> others;
    for (int index = 0; index < Others; ++index)
    {
        others.push_back(reserveIn(pool));
    }
    const std::vector<IoBuffer> stuck = takeAll(pool, flood);
    EXPECT_EQ(stuck.size(), 64U - Others);
    KeepingWaiter floodWaiter;
    pool.enqueue(flood, floodWaiter);

    for (int round = 0; round < 100; ++round)
    {
        std::vector<IoBuffer> filled;
        for (BufferReservation& other : others)
        {
            auto buffer = pool.tryAcquire(other);
            ASSERT_TRUE(buffer.has_value()) << "round " << round;
            EXPECT_FALSE(pool.tryAcquire(other).has_value());
            filled.push_back(std::move(*buffer));
        }
        filled.clear();
        pool.reclaim();
        pool.checkInvariants();
    }
    EXPECT_EQ(floodWaiter.grantCount, 0);
    EXPECT_TRUE(pool.withdraw(floodWaiter));
}

TEST(BufferReservation, itsReturningBufferGoesToItsOwnWaiterFirst)
{
    IoBufferPool pool(ioPoolOf(3));
    BufferReservation hoarder = reserveIn(pool);
    BufferReservation early = reserveIn(pool);
    BufferReservation late = reserveIn(pool);
    IoBuffer hoarded = pool.tryAcquire(hoarder).value();
    IoBuffer ofEarly = pool.tryAcquire(early).value();
    IoBuffer ofLate = pool.tryAcquire(late).value();
    KeepingWaiter earlyWaiter;
    KeepingWaiter lateWaiter;
    pool.enqueue(early, earlyWaiter);
    pool.enqueue(late, lateWaiter);
    ofLate.reset();
    pool.reclaim();
    EXPECT_EQ(lateWaiter.grantCount, 1) << "it is the guaranteed one of the late source";
    EXPECT_EQ(earlyWaiter.grantCount, 0);
    hoarded.reset();
    pool.reclaim();
    EXPECT_EQ(earlyWaiter.grantCount, 0) << "it is set aside for the hoarder";
    EXPECT_TRUE(pool.withdraw(earlyWaiter));
    pool.checkInvariants();
}

TEST(BufferReservation, oneThatIsOwedABufferComesBeforeTheSharedQueue)
{
    IoBufferPool pool(ioPoolOf(4));
    BufferReservation hoarder = reserveUnlimitedIn(pool);
    std::vector<IoBuffer> hoard = takeAll(pool, hoarder);
    ASSERT_EQ(hoard.size(), 4U);
    KeepingWaiter hoarderWaiter;
    pool.enqueue(hoarder, hoarderWaiter);

    BufferReservation idle = reserveIn(pool);
    BufferReservation newcomer = reserveIn(pool);
    EXPECT_FALSE(pool.tryAcquire(newcomer).has_value());
    KeepingWaiter newcomerWaiter;
    pool.enqueue(newcomer, newcomerWaiter);
    pool.checkInvariants();

    hoard.pop_back();
    pool.reclaim();
    EXPECT_EQ(newcomerWaiter.grantCount, 1) << "it waits, so it is paid before the idle one";
    hoard.pop_back();
    pool.reclaim();
    EXPECT_EQ(hoarderWaiter.grantCount, 0) << "the idle newcomer is owed one too";
    hoard.pop_back();
    pool.reclaim();
    EXPECT_EQ(hoarderWaiter.grantCount, 1);
    EXPECT_TRUE(pool.tryAcquire(idle).has_value());
    pool.checkInvariants();
}

TEST(BufferReservation, closingItHandsItsUnusedBufferToWhoeverWaits)
{
    IoBufferPool pool(ioPoolOf(2));
    CountingSignal signal;
    pool.attach(signal);
    BufferReservation staying = reserveIn(pool);
    BufferReservation leaving = reserveIn(pool);
    const IoBuffer own = pool.tryAcquire(staying).value();
    KeepingWaiter waiter;
    pool.enqueue(staying, waiter);
    EXPECT_EQ(signal.callCount, 0);
    leaving.close();
    leaving.close();
    EXPECT_FALSE(leaving.isOpen());
    EXPECT_EQ(signal.callCount, 1);
    pool.reclaim();
    EXPECT_EQ(waiter.grantCount, 1);
    pool.checkInvariants();
}

TEST(BufferReservation, mayCloseWhileItsBuffersAreStillDownstream)
{
    IoBufferPool pool(ioPoolOf(3));
    BufferReservation leaving = reserveUnlimitedIn(pool);
    std::vector<IoBuffer> downstream = takeAll(pool, leaving);
    ASSERT_EQ(downstream.size(), 3U);
    EXPECT_EQ(leaving.buffersInFlight(), 3U);
    leaving.close();
    pool.checkInvariants();

    // Every buffer is out and none is reserved: all three newcomers are owed theirs.
    std::vector<BufferReservation> newcomers;
    for (int index = 0; index < 3; ++index)
    {
        newcomers.push_back(reserveIn(pool));
        EXPECT_FALSE(pool.tryAcquire(newcomers.back()).has_value());
        EXPECT_EQ(newcomers.back().buffersInFlight(), 0U);
    }
    EXPECT_FALSE(pool.reserve("one too many").has_value());
    EXPECT_EQ(downstream[1].capacityBytes(), 4096U) << "still valid";
    downstream.clear();
    for (BufferReservation& newcomer : newcomers)
    {
        EXPECT_TRUE(pool.tryAcquire(newcomer).has_value());
    }
    pool.reclaim();
    pool.checkInvariants();
    EXPECT_EQ(pool.statistics().free, 3U);
}

TEST(BufferReservation, aBufferOfItsPredecessorIsNotTakenForItsOwn)
{
    IoBufferPool pool(ioPoolOf(2));
    BufferReservation reservation = reserveIn(pool);
    IoBuffer old = pool.tryAcquire(reservation).value();
    reservation.close();
    reservation = reserveIn(pool);
    IoBuffer own = pool.tryAcquire(reservation).value();
    old.reset();
    pool.reclaim();
    EXPECT_EQ(reservation.buffersInFlight(), 1U);
    EXPECT_TRUE(pool.tryAcquire(reservation).has_value()) << "the old one is a shared one now";
    pool.checkInvariants();
}

} // namespace weft
