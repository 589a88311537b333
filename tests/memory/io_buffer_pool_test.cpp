#include <weft/memory/sanitizer.hpp>

#include "pool_actors.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <stdexcept>

#include <sys/mman.h>

namespace weft
{

TEST(IoBuffer, isEmptyAndUnmarkedWhenItIsHandedOut)
{
    IoBufferPool pool(ioPoolOf(1));
    BufferReservation reservation = reserveIn(pool);
    {
        IoBuffer buffer = pool.tryAcquire(reservation).value();
        EXPECT_EQ(buffer.capacityBytes(), 4096U);
        EXPECT_EQ(buffer.writable().size(), 4096U);
        EXPECT_EQ(buffer.sizeBytes(), 0U);
        EXPECT_TRUE(buffer.bytes().empty());
        std::memcpy(buffer.writable().data(), "weft", 4);
        buffer.setSizeBytes(4);
        buffer.metadata().originId = 7;
        buffer.metadata().sequenceNumber = 8;
        EXPECT_EQ(std::memcmp(buffer.bytes().data(), "weft", buffer.bytes().size()), 0);
    }
    const IoBuffer again = pool.tryAcquire(reservation).value();
    EXPECT_EQ(again.sizeBytes(), 0U);
    EXPECT_EQ(again.metadata().originId, 0U);
    EXPECT_EQ(again.metadata().sequenceNumber, 0U);
}

TEST(IoBuffer, movingItMovesTheDutyToRelease)
{
    IoBufferPool pool(ioPoolOf(2));
    BufferReservation reservation = reserveUnlimitedIn(pool);
    IoBuffer first = pool.tryAcquire(reservation).value();
    IoBuffer second = pool.tryAcquire(reservation).value();
    EXPECT_EQ(pool.statistics().free, 0U);
    second = std::move(first);
    EXPECT_FALSE(static_cast<bool>(first));
    EXPECT_TRUE(static_cast<bool>(second));
    EXPECT_EQ(pool.statistics().free, 1U);
    second.reset();
    second.reset();
    EXPECT_EQ(pool.statistics().free, 2U);
    pool.reclaim();
    pool.checkInvariants();
}

TEST(IoBuffer, buffersOfOddSizesDoNotOverlap)
{
    IoBufferPool pool({.name = "odd", .bufferCount = 3, .bufferSizeBytes = 1001});
    BufferReservation reservation = reserveUnlimitedIn(pool);
    std::vector<IoBuffer> buffers = takeAll(pool, reservation);
    ASSERT_EQ(buffers.size(), 3U);
    for (std::size_t index = 0; index < buffers.size(); ++index)
    {
        std::memset(buffers[index].writable().data(), static_cast<int>(index), 1001);
    }
    for (std::size_t index = 0; index < buffers.size(); ++index)
    {
        EXPECT_EQ(buffers[index].writable()[0], std::byte(index));
        EXPECT_EQ(buffers[index].writable()[1000], std::byte(index));
    }
}

#ifdef WEFT_ADDRESS_SANITIZER
TEST(IoBufferDeathTest, bytesUsedAfterTheirReleaseAreReported)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    IoBufferPool pool(ioPoolOf(1));
    BufferReservation reservation = reserveIn(pool);
    IoBuffer buffer = pool.tryAcquire(reservation).value();
    const std::span<std::byte> bytes = buffer.writable();
    buffer.reset();
    EXPECT_DEATH(bytes[0] = std::byte{1}, "use-after-poison");
}
#endif

TEST(IoBufferPool, impossibleSizesAreRefusedWithTheNumbers)
{
    EXPECT_THROW(IoBufferPool(ioPoolOf(0)), std::invalid_argument);
    EXPECT_THROW(IoBufferPool({.name = "p", .bufferCount = 1, .bufferSizeBytes = 0}),
                 std::invalid_argument);
    EXPECT_THROW(IoBufferPool({.name = "p", .bufferCount = 64, .bufferSizeBytes = SIZE_MAX / 8}),
                 std::invalid_argument);
    try
    {
        const IoBufferPool pool(
            {.name = "io-3", .bufferCount = 1, .bufferSizeBytes = std::size_t{1} << 50});
        FAIL() << "a petabyte of buffers was mapped";
    }
    catch (const std::system_error& error)
    {
        const std::string message = error.what();
        EXPECT_NE(message.find("1 buffers of 1125899906842624 bytes for pool 'io-3'"),
                  std::string::npos)
            << message;
    }
}

TEST(IoBufferPool, aBufferNobodyUsedIsNotResident)
{
    IoBufferPool pool(ioPoolOf(64));
    BufferReservation reservation = reserveIn(pool);
    IoBuffer used = pool.tryAcquire(reservation).value();
    used.writable()[0] = std::byte{1};
    std::array<unsigned char, 64> resident{};
    ASSERT_EQ(pageSizeBytes(), 4096U);
    ASSERT_EQ(::mincore(pool.memory().data(), pool.memory().size(), resident.data()), 0);
    EXPECT_EQ(std::count_if(resident.begin(), resident.end(),
                            [](unsigned char bits)
                            {
                                return (bits & 1) != 0;
                            }),
              1);
}

TEST(IoBufferPool, waitersAreServedInTheOrderTheyCame)
{
    IoBufferPool pool(ioPoolOf(6));
    CountingSignal signal;
    pool.attach(signal);
    std::vector<std::string> log;
    BufferReservation hoarder = reserveUnlimitedIn(pool);
    std::vector<BufferReservation> sources;
    std::vector<IoBuffer> own;
    for (int index = 0; index < 3; ++index)
    {
        sources.push_back(reserveIn(pool));
        own.push_back(pool.tryAcquire(sources.back()).value());
    }
    std::vector<IoBuffer> hoard = takeAll(pool, hoarder);
    ASSERT_EQ(hoard.size(), 3U);

    KeepingWaiter first("first", log);
    KeepingWaiter second("second", log);
    KeepingWaiter third("third", log);
    pool.enqueue(sources[2], first);
    pool.enqueue(sources[0], second);
    pool.enqueue(sources[1], third);
    EXPECT_EQ(pool.statistics().waiting, 3U);
    hoard.pop_back();
    pool.reclaim();
    EXPECT_EQ(log, (std::vector<std::string>{"first"}));

    hoard.pop_back();
    EXPECT_FALSE(pool.tryAcquire(hoarder).has_value()) << "it would overtake two who wait";
    pool.reclaim();
    EXPECT_EQ(log, (std::vector<std::string>{"first", "second"}));
    EXPECT_TRUE(pool.withdraw(third));
    EXPECT_EQ(pool.statistics().grants, 2U);
    pool.checkInvariants();
}

TEST(IoBufferPool, aWithdrawnRequestIsNeverServed)
{
    IoBufferPool pool(ioPoolOf(2));
    BufferReservation fast = reserveIn(pool);
    BufferReservation slow = reserveIn(pool);
    IoBuffer own = pool.tryAcquire(fast).value();
    KeepingWaiter waiter;
    EXPECT_FALSE(pool.withdraw(waiter)) << "it never was in the queue";
    pool.enqueue(fast, waiter);
    EXPECT_TRUE(waiter.isWaiting());
    EXPECT_TRUE(pool.withdraw(waiter));
    EXPECT_FALSE(waiter.isWaiting());
    own.reset();
    pool.reclaim();
    EXPECT_EQ(waiter.grantCount, 0);

    own = pool.tryAcquire(fast).value();
    pool.enqueue(fast, waiter);
    own.reset();
    pool.reclaim();
    EXPECT_EQ(waiter.grantCount, 1);
    EXPECT_FALSE(pool.withdraw(waiter)) << "it has its buffer already";
    pool.checkInvariants();
}

TEST(IoBufferPool, theSignalIsCalledOnceAndOnlyWhileSomebodyWaits)
{
    IoBufferPool pool(ioPoolOf(3));
    CountingSignal signal;
    pool.attach(signal);
    BufferReservation source = reserveUnlimitedIn(pool);
    std::vector<IoBuffer> buffers = takeAll(pool, source);
    buffers.pop_back();
    EXPECT_EQ(signal.callCount, 0) << "nobody waits";
    buffers.push_back(pool.tryAcquire(source).value());

    KeepingWaiter waiter;
    pool.enqueue(source, waiter);
    EXPECT_EQ(signal.callCount, 0) << "nothing has come back";
    buffers.pop_back();
    buffers.pop_back();
    EXPECT_EQ(signal.callCount, 1);
    pool.reclaim();
    EXPECT_EQ(waiter.grantCount, 1);
    waiter.buffer.reset();
    buffers.clear();
    EXPECT_EQ(signal.callCount, 1) << "nobody waits any more";
}

TEST(IoBufferPool, theSignalComesAgainForThoseWhoStillWaitAfterAReclaim)
{
    IoBufferPool pool(ioPoolOf(2));
    CountingSignal signal;
    pool.attach(signal);
    BufferReservation first = reserveIn(pool);
    BufferReservation second = reserveIn(pool);
    IoBuffer ofFirst = pool.tryAcquire(first).value();
    IoBuffer ofSecond = pool.tryAcquire(second).value();
    KeepingWaiter firstWaiter;
    KeepingWaiter secondWaiter;
    pool.enqueue(first, firstWaiter);
    pool.enqueue(second, secondWaiter);
    ofFirst.reset();
    EXPECT_EQ(signal.callCount, 1);
    pool.reclaim();
    EXPECT_EQ(firstWaiter.grantCount, 1);
    ofSecond.reset();
    EXPECT_EQ(signal.callCount, 2);
    pool.reclaim();
    EXPECT_EQ(secondWaiter.grantCount, 1);
}

TEST(IoBufferPool, aBufferThatCameBackBeforeTheRequestIsSignalledAtOnce)
{
    IoBufferPool pool(ioPoolOf(1));
    CountingSignal signal;
    pool.attach(signal);
    BufferReservation source = reserveIn(pool);
    IoBuffer buffer = pool.tryAcquire(source).value();
    KeepingWaiter waiter;
    ASSERT_FALSE(pool.tryAcquire(source).has_value());
    buffer.reset();
    pool.enqueue(source, waiter);
    EXPECT_EQ(waiter.grantCount, 0) << "only reclaim hands over";
    EXPECT_EQ(signal.callCount, 1);
    pool.reclaim();
    EXPECT_EQ(waiter.grantCount, 1);
}

TEST(IoBufferPool, grantsThatReleaseAndAskAgainDoNotKeepReclaimGoing)
{
    class RestlessWaiter final : public BufferWaiter
    {
    public:
        RestlessWaiter(IoBufferPool& ownPool, BufferReservation& ownReservation)
            : pool(ownPool),
              reservation(ownReservation)
        {
        }

        void bufferGranted(IoBuffer buffer) noexcept override
        {
            ++grantCount;
            buffer.reset();
            pool.reclaim();
            pool.enqueue(reservation, *this);
        }

        int grantCount = 0;

    private:
        IoBufferPool& pool;
        BufferReservation& reservation;
    };

    IoBufferPool pool(ioPoolOf(1));
    CountingSignal signal;
    pool.attach(signal);
    BufferReservation source = reserveIn(pool);
    RestlessWaiter waiter(pool, source);
    pool.enqueue(source, waiter);
    for (int round = 1; round <= 3; ++round)
    {
        EXPECT_EQ(signal.callCount, round);
        pool.reclaim();
        EXPECT_EQ(waiter.grantCount, round);
        pool.checkInvariants();
    }
    pool.withdraw(waiter);
}

TEST(IoBufferPoolDeathTest, aSecondRequestOfOneSourceIsCaught)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    IoBufferPool pool(ioPoolOf(1));
    BufferReservation source = reserveIn(pool);
    const IoBuffer own = pool.tryAcquire(source).value();
    KeepingWaiter first;
    KeepingWaiter second;
    pool.enqueue(source, first);
    EXPECT_DEATH(pool.enqueue(source, second), "assertion failed");
    pool.withdraw(first);
}

TEST(IoBufferPoolDeathTest, anotherThreadCannotActAsTheOwner)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    IoBufferPool pool(ioPoolOf(1));
    CountingSignal signal;
    pool.attach(signal);
    EXPECT_DEATH(std::jthread(
                     [&]
                     {
                         pool.reclaim();
                     })
                     .join(),
                 "assertion failed");
}

} // namespace weft
