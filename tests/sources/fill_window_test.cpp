#include <weft/memory/io_buffer_pool.hpp>
#include <weft/sources/fill.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <thread>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

constexpr std::size_t BufferBytes = 100;

class FillWindowTest : public testing::Test
{
protected:
    IoBuffer buffer()
    {
        return std::move(*pool.tryAcquire(reservation));
    }

    std::uint32_t buffersOut() const
    {
        return pool.statistics().inUse;
    }

    void offer(FillWindow& window, std::size_t count)
    {
        while (window.count() < count)
        {
            ASSERT_TRUE(window.makeRoom());
            window.offer(buffer());
        }
    }

    /// One call of fillBuffer with `offered` buffers in the window, which receives so many bytes;
    /// none: it finds nothing.
    void fill(FillWindow& window, std::size_t offered, std::size_t bytes)
    {
        offer(window, offered);
        window.beginFill();
        Fill filled(window);
        static_cast<void>(filled.space());
        filled.advance(bytes);
        if (bytes == 0)
        {
            filled.foundNothing();
        }
        window.endFill(false);
    }

    /// The same with as many as the window wants, all filled. Answers how many these were.
    std::size_t fillAll(FillWindow& window)
    {
        const auto wanted = window.countWanted();
        fill(window, wanted, wanted * BufferBytes);
        EXPECT_EQ(deliver(window), Sizes(wanted, BufferBytes));
        return wanted;
    }

    /// The sizes of all that is to be delivered.
    static std::vector<std::size_t> deliver(FillWindow& window)
    {
        std::vector<std::size_t> sizes;
        while (const auto delivered = window.takeDeliverable())
        {
            sizes.push_back(delivered.sizeBytes());
        }
        return sizes;
    }

    using Sizes = std::vector<std::size_t>;

    IoBufferPool pool{
        {.name = "test", .bufferCount = 80, .bufferSizeBytes = BufferBytes, .racksMax = 1}};
    BufferReservation reservation{*pool.reserve("test", {.buffersInFlightMax = 80})};
    FlushDemand demand;
    BufferRacks& racks = pool.racks();
};

TEST_F(FillWindowTest, oneBufferIsOfferedUntilItIsFilled)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    EXPECT_EQ(window.countWanted(), 1);
    fill(window, 1, BufferBytes - 1);
    deliver(window);
    EXPECT_EQ(window.countWanted(), 1);
}

TEST_F(FillWindowTest, offerDoublesWhileAllIsFilled)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    for (const std::size_t wanted : {1, 2, 4, 8, 16, 32, 64, 64})
    {
        EXPECT_EQ(fillAll(window), wanted);
    }
}

TEST_F(FillWindowTest, spareBuffersAreOfferedOnlyAfterATakeThatLeftNoSpace)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    for (const std::size_t wanted : {1, 2, 4, 8, 16})
    {
        EXPECT_EQ(fillAll(window), wanted);
    }
    fill(window, 32, 3 * BufferBytes);
    deliver(window);
    EXPECT_EQ(window.countWanted(), 1) << "there is nothing queued";
    EXPECT_EQ(fillAll(window), 1);
    EXPECT_EQ(window.countWanted(), 31 + 3 + 1) << "one more than the visit has used";
    fill(window, 35, 3 * BufferBytes);
    deliver(window);
    EXPECT_EQ(fillAll(window), 1);
    EXPECT_EQ(window.countWanted(), 1 + 3 + 1) << "and the next one";
}

TEST_F(FillWindowTest, partOfABufferIsNotFollowedBySpareOnes)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fillAll(window);
    fill(window, 2, BufferBytes + 7);
    EXPECT_EQ(deliver(window), Sizes{BufferBytes});
    EXPECT_EQ(window.countWanted(), 1);
    fill(window, 1, BufferBytes - 7);
    EXPECT_EQ(deliver(window), Sizes{BufferBytes});
    EXPECT_EQ(window.countWanted(), 3) << "the visit before has used two";
}

TEST_F(FillWindowTest, sourceMustNotWaitWithSpareBuffers)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    EXPECT_EQ(fillAll(window), 1);
    offer(window, 2);
    window.beginFill();
    Fill filled(window);
    EXPECT_EQ(filled.space().size(), 2);
    EXPECT_FALSE(filled.mayWait());
    filled.foundNothing();
    EXPECT_TRUE(filled.mayWait());
    EXPECT_EQ(filled.space().size(), 1);
    EXPECT_EQ(buffersOut(), 1) << "others may need the spare one while it waits";
    EXPECT_EQ(racks.takenCount(), 0);
    window.endFill(false);
}

TEST_F(FillWindowTest, triesThatFindNothingComeTwiceAsSeldomEachTime)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fillAll(window);
    std::vector<unsigned> fillsBetween;
    for (int tries = 0; tries < 9; ++tries)
    {
        ASSERT_GT(window.countWanted(), 1);
        fill(window, window.countWanted(), 0);
        deliver(window);
        unsigned fills = 0;
        do
        {
            EXPECT_EQ(fillAll(window), 1);
            ++fills;
        } while (window.countWanted() == 1);
        fillsBetween.push_back(fills);
    }
    EXPECT_EQ(fillsBetween, (std::vector<unsigned>{1, 2, 4, 8, 16, 32, 64, 64, 64}));
    EXPECT_EQ(FillWindow::FillsBetweenTriesMax, 64);

    fill(window, window.countWanted(), 2 * BufferBytes);
    deliver(window);
    fillAll(window);
    fill(window, window.countWanted(), 0);
    deliver(window);
    EXPECT_EQ(fillAll(window), 1);
    EXPECT_GT(window.countWanted(), 1) << "a find begins the count anew";
}

TEST_F(FillWindowTest, onlyFilledBuffersCountUntilTheNextTry)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fillAll(window);
    fill(window, 2, 0);
    deliver(window);
    for (int part = 0; part < 10; ++part)
    {
        fill(window, 1, 7);
        EXPECT_EQ(deliver(window), Sizes{7});
        EXPECT_EQ(window.countWanted(), 1);
    }
    fillAll(window);
    EXPECT_EQ(window.countWanted(), 2);
}

TEST_F(FillWindowTest, othersAreOwedATurnByWhoeverMayGoOnForEver)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fill(window, 1, BufferBytes - 1);
    EXPECT_FALSE(window.owesTurn());
    deliver(window);
    fill(window, 1, BufferBytes);
    EXPECT_FALSE(window.owesTurn()) << "spare ones take first what is queued";
    deliver(window);
    fill(window, 1, BufferBytes);
    EXPECT_TRUE(window.owesTurn()) << "there were none, and it may be one that never waits";
    deliver(window);
    fill(window, 2, 2 * BufferBytes);
    EXPECT_TRUE(window.owesTurn()) << "spare ones are filled without waiting";
    deliver(window);
    fill(window, 4, 2 * BufferBytes + 1);
    EXPECT_FALSE(window.owesTurn()) << "the next call has nothing to take and waits";
    deliver(window);
    EXPECT_EQ(window.countWanted(), 1);
}

TEST_F(FillWindowTest, takeIsBoundedInBytes)
{
    const auto countMost = [this](std::size_t bufferBytes)
    {
        IoBufferPool ownPool({.name = "sized", .bufferCount = 70, .bufferSizeBytes = bufferBytes});
        auto own = *ownPool.reserve("sized", {.buffersInFlightMax = 70});
        FillWindow window(FlushTimes{1h}, demand, ownPool.racks());
        std::size_t most = 0;
        for (int round = 0; round < 9; ++round)
        {
            const auto wanted = window.countWanted();
            most = std::max(most, wanted);
            while (window.count() < wanted)
            {
                EXPECT_TRUE(window.makeRoom());
                window.offer(*ownPool.tryAcquire(own));
            }
            window.beginFill();
            static_cast<void>(window.space());
            window.advance(wanted * bufferBytes);
            window.endFill(false);
            deliver(window);
        }
        return most;
    };
    EXPECT_EQ(countMost(64), 64);
    EXPECT_EQ(countMost(4096), 64);
    EXPECT_EQ(countMost(4097), 63);
    EXPECT_EQ(countMost(16 << 10), 16);
    EXPECT_EQ(countMost(100 << 10), 2);
    EXPECT_EQ(countMost(256 << 10), 1);
    EXPECT_EQ(countMost(1 << 20), 1);
}

TEST_F(FillWindowTest, rackIsTakenForSpareBuffersOnlyAndGivenBackWithThem)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    EXPECT_EQ(fillAll(window), 1);
    EXPECT_EQ(racks.takenCount(), 0);
    fill(window, 2, 2 * BufferBytes);
    EXPECT_EQ(racks.takenCount(), 1);
    deliver(window);
    EXPECT_EQ(racks.takenCount(), 0);
    fill(window, 4, BufferBytes + 7);
    EXPECT_EQ(deliver(window), Sizes{BufferBytes});
    EXPECT_EQ(racks.takenCount(), 0) << "the part is its first buffer from now on";
    EXPECT_EQ(window.sizeBytes(), 7);
}

TEST_F(FillWindowTest, withoutARackASourceGoesOnWithOneBuffer)
{
    FillWindow busy(FlushTimes{1h}, demand, racks);
    FlushDemand otherDemand;
    FillWindow other(FlushTimes{1h}, otherDemand, racks);
    fillAll(busy);
    fill(other, 1, BufferBytes);
    deliver(other);
    offer(busy, 2);
    EXPECT_GT(other.countWanted(), 1);
    EXPECT_TRUE(other.makeRoom()) << "for the first one";
    other.offer(buffer());
    EXPECT_FALSE(other.makeRoom());
    fill(other, 1, BufferBytes);
    EXPECT_EQ(deliver(other), Sizes{BufferBytes});
    fill(busy, 2, 2 * BufferBytes);
    deliver(busy);
    other.offer(buffer());
    EXPECT_TRUE(other.makeRoom());
    EXPECT_EQ(racks.takenCount(), 1);
}

TEST_F(FillWindowTest, windowThatGoesGivesEverythingBack)
{
    {
        FillWindow window(FlushTimes{1h}, demand, racks);
        fill(window, 8, 5 * BufferBytes + 7);
        EXPECT_TRUE(window.takeDeliverable());
    }
    EXPECT_EQ(buffersOut(), 0);
    EXPECT_EQ(racks.takenCount(), 0);
}

TEST_F(FillWindowTest, sourceThatKnowsOneBufferIsOfferedOne)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    window.offer(buffer());
    window.beginFill();
    Fill filled(window);
    std::memset(filled.rest().data(), 0, filled.rest().size());
    filled.advance(BufferBytes);
    EXPECT_TRUE(filled.rest().empty());
    window.endFill(false);
    EXPECT_EQ(deliver(window), Sizes{BufferBytes});
    EXPECT_EQ(window.countWanted(), 1);
}

TEST_F(FillWindowTest, partThatStaysIsKnownWhileFullOnesAreDelivered)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fill(window, 4, 2 * BufferBytes + 7);
    EXPECT_TRUE(window.takeDeliverable());
    EXPECT_TRUE(window.hasBytes());
    EXPECT_TRUE(window.takeDeliverable());
    EXPECT_TRUE(window.hasBytes()) << "who demands wants the part too";
    EXPECT_FALSE(window.takeDeliverable());
    fill(window, 4, BufferBytes - 7);
    EXPECT_TRUE(window.takeDeliverable());
    EXPECT_FALSE(window.hasBytes());
    EXPECT_FALSE(window.takeDeliverable());
}

TEST_F(FillWindowTest, spaceIsInOrderAndBeginsWithTheRest)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fill(window, 2, BufferBytes + 30);
    EXPECT_EQ(deliver(window), Sizes{BufferBytes});
    offer(window, 2);
    window.beginFill();
    Fill filled(window);
    const auto space = filled.space();
    ASSERT_EQ(space.size(), 2);
    EXPECT_EQ(space[0].iov_base, filled.rest().data());
    EXPECT_EQ(space[0].iov_len, BufferBytes - 30);
    EXPECT_EQ(space[1].iov_len, BufferBytes);
    EXPECT_EQ(filled.sizeBytes(), 30);
}

TEST_F(FillWindowTest, partBehindFullBuffersStaysUntilItsFlush)
{
    FillWindow window(FlushTimes{20ms}, demand, racks);
    fill(window, 4, 2 * BufferBytes + 7);
    const auto due = window.deadline();
    EXPECT_EQ(deliver(window), (Sizes{BufferBytes, BufferBytes}));
    EXPECT_EQ(window.deadline(), due);
    EXPECT_EQ(window.count(), 1);
    std::this_thread::sleep_until(due);
    fill(window, 1, 1);
    EXPECT_EQ(deliver(window), Sizes{8});
    EXPECT_EQ(demand.dueAt(), NoDeadline);
}

TEST_F(FillWindowTest, partBehindFullBuffersGoesAtOnceWithoutAnInterval)
{
    FillWindow window(FlushTimes{0ms}, demand, racks);
    fill(window, 2, BufferBytes + 7);
    EXPECT_EQ(deliver(window), (Sizes{BufferBytes, 7}));
}

TEST_F(FillWindowTest, demandTakesThePartBehindFullBuffers)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    demand.utter();
    fill(window, 2, BufferBytes + 7);
    EXPECT_EQ(deliver(window), (Sizes{BufferBytes, 7}));
}

TEST_F(FillWindowTest, demandFindsWhenThePartThatStaysIsDue)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fill(window, 2, BufferBytes + 7);
    deliver(window);
    EXPECT_EQ(demand.utter(), demand.dueAt());
    EXPECT_NE(demand.dueAt(), NoDeadline);
    EXPECT_LE(window.deadline(), Clock::now());
    EXPECT_FALSE(window.wantsMore());
}

/// For a source that also waits for a moment of its own: a demand must find that wait, too.
TEST_F(FillWindowTest, deadlineIsNeverLaterThanTheSourceWantsAndADemandFindsIt)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    const auto latest = Clock::now() + 10min;
    offer(window, 1);
    window.beginFill();
    EXPECT_EQ(window.deadline(latest), latest) << "an empty buffer has no deadline of its own";
    EXPECT_EQ(demand.dueAt(), NoDeadline);
    window.advance(1);
    EXPECT_EQ(window.deadline(latest), latest);
    EXPECT_EQ(demand.utter(), latest);
    EXPECT_LE(window.deadline(latest), Clock::now());
    window.endFill(true);
    EXPECT_EQ(deliver(window), Sizes{1});
}

TEST_F(FillWindowTest, sourceMayReturnBeforeTheBufferIsFull)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fill(window, 1, 7);
    EXPECT_EQ(deliver(window), Sizes{7});
}

/// One that waits for its first bytes for longer than the interval, several times in a row.
class SparseWindow : public FillWindowTest
{
protected:
    static constexpr auto Interval = 2ms;

    void waitAndTake(FillWindow& window)
    {
        offer(window, 1);
        window.beginFill();
        EXPECT_TRUE(window.wantsMore()) << "an empty buffer is never delivered";
        EXPECT_EQ(window.deadline(), NoDeadline);
        std::this_thread::sleep_for(Interval);
        window.advance(7);
    }
};

TEST_F(SparseWindow, needNotWaitForMore)
{
    FillWindow window(FlushTimes{Interval}, demand, racks);
    for (unsigned wait = 1; wait <= Gathering::WaitsOfASparseSource; ++wait)
    {
        waitAndTake(window);
        EXPECT_EQ(window.wantsMore(), wait < Gathering::WaitsOfASparseSource);
        window.endFill(false);
        EXPECT_EQ(deliver(window), Sizes{7});
    }
    // Kept from taking for as long, with bytes there.
    std::this_thread::sleep_for(Interval);
    offer(window, 1);
    window.beginFill();
    EXPECT_EQ(window.deadline(), NoDeadline);
    window.advance(BufferBytes);
    window.endFill(false);
    EXPECT_EQ(deliver(window), Sizes{BufferBytes});
    fill(window, 1, 7);
    EXPECT_TRUE(window.wantsMore());
}

TEST_F(SparseWindow, withoutAnIntervalItWaitsForAFullBuffer)
{
    for (const std::chrono::nanoseconds none : {-1ns, std::chrono::nanoseconds::max()})
    {
        FillWindow window(FlushTimes{none}, demand, racks);
        for (unsigned wait = 1; wait <= Gathering::WaitsOfASparseSource; ++wait)
        {
            waitAndTake(window);
            EXPECT_TRUE(window.wantsMore());
            window.endFill(false);
            EXPECT_EQ(deliver(window), Sizes{7});
        }
    }
}

TEST_F(FillWindowTest, emptyBuffersMustNotBeKeptWhileFullOnesAreDelivered)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fill(window, 8, 2 * BufferBytes);
    EXPECT_EQ(buffersOut(), 2);
    deliver(window);
    EXPECT_EQ(buffersOut(), 0);
}

TEST_F(FillWindowTest, emptyBuffersMustNotBeKeptWhenNothingComes)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fill(window, 8, 0);
    EXPECT_EQ(deliver(window), Sizes{});
    EXPECT_EQ(window.count(), 1);
    EXPECT_EQ(buffersOut(), 1);
}

TEST_F(FillWindowTest, endDeliversThePart)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fill(window, 2, BufferBytes + 7);
    deliver(window);
    window.endAll();
    EXPECT_EQ(deliver(window), Sizes{7});
    EXPECT_EQ(demand.dueAt(), NoDeadline);
}

} // namespace

} // namespace weft
