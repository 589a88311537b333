#include "tests/sources/fill_window_test.hpp"

#include <chrono>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

using test::FillWindowTest;

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
