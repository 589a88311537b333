#include "tests/sources/fill_window_test.hpp"

#include <chrono>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

/// How many buffers a window offers, and when it gives spare ones back.
class WindowOffer : public test::FillWindowTest
{
};

TEST_F(WindowOffer, oneBufferIsOfferedUntilItIsFilled)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    EXPECT_EQ(window.countWanted(), 1);
    fill(window, 1, BufferBytes - 1);
    deliver(window);
    EXPECT_EQ(window.countWanted(), 1);
}

TEST_F(WindowOffer, offerDoublesWhileAllIsFilled)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    for (const std::size_t wanted : {1, 2, 4, 8, 16, 32, 64, 64})
    {
        EXPECT_EQ(fillAll(window), wanted);
    }
}

TEST_F(WindowOffer, spareBuffersAreOfferedOnlyAfterATakeThatLeftNoSpace)
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

TEST_F(WindowOffer, partOfABufferIsNotFollowedBySpareOnes)
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

TEST_F(WindowOffer, sourceMustNotWaitWithSpareBuffers)
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

TEST_F(WindowOffer, triesThatFindNothingComeTwiceAsSeldomEachTime)
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

TEST_F(WindowOffer, onlyFilledBuffersCountUntilTheNextTry)
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

TEST_F(WindowOffer, othersAreOwedATurnByWhoeverMayGoOnForEver)
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

TEST_F(WindowOffer, takeIsBoundedInBytes)
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

TEST_F(WindowOffer, rackIsTakenForSpareBuffersOnlyAndGivenBackWithThem)
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

TEST_F(WindowOffer, withoutARackASourceGoesOnWithOneBuffer)
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

TEST_F(WindowOffer, windowThatGoesGivesEverythingBack)
{
    {
        FillWindow window(FlushTimes{1h}, demand, racks);
        fill(window, 8, 5 * BufferBytes + 7);
        EXPECT_TRUE(window.takeDeliverable());
    }
    EXPECT_EQ(buffersOut(), 0);
    EXPECT_EQ(racks.takenCount(), 0);
}

TEST_F(WindowOffer, sourceThatKnowsOneBufferIsOfferedOne)
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

TEST_F(WindowOffer, emptyBuffersMustNotBeKeptWhileFullOnesAreDelivered)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fill(window, 8, 2 * BufferBytes);
    EXPECT_EQ(buffersOut(), 2);
    deliver(window);
    EXPECT_EQ(buffersOut(), 0);
}

TEST_F(WindowOffer, emptyBuffersMustNotBeKeptWhenNothingComes)
{
    FillWindow window(FlushTimes{1h}, demand, racks);
    fill(window, 8, 0);
    EXPECT_EQ(deliver(window), Sizes{});
    EXPECT_EQ(window.count(), 1);
    EXPECT_EQ(buffersOut(), 1);
}

} // namespace

} // namespace weft
