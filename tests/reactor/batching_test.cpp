#include <weft/reactor/batching.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

constexpr Clock::time_point Start{1h};

class BatchingTest : public testing::Test
{
protected:
    /// What is answered after a time in which so many completions came.
    std::chrono::nanoseconds waitAfter(std::chrono::nanoseconds elapsed, std::uint64_t completions)
    {
        now += elapsed;
        total += completions;
        return batching.wait(now, total);
    }

    Clock::time_point now = Start;
    std::uint64_t total = 0;
    Batching batching{1ms};
};

} // namespace

TEST_F(BatchingTest, toleranceIsAnEighthOfTheIntervalAtMostTheOption)
{
    EXPECT_EQ(batching.tolerance(0ns), 0ns);
    EXPECT_EQ(batching.tolerance(10ms), 1ms);
    EXPECT_EQ(batching.tolerance(1h), 1ms);
    EXPECT_EQ(batching.tolerance(std::chrono::nanoseconds::max()), 1ms);
    EXPECT_EQ(batching.tolerance(-1ns), 1ms) << "no interval at all";
    for (const std::chrono::nanoseconds interval : {1ns, 7ns, 8ns, 1000ns, 999'999ns, 5'000'000ns})
    {
        EXPECT_LE(batching.tolerance(interval), interval / 8) << interval.count();
        EXPECT_GE(batching.tolerance(interval), interval / 17) << interval.count();
    }
}

TEST_F(BatchingTest, withoutSourcesThereIsNone)
{
    EXPECT_FALSE(batching.isAllowed());
    batching.join(10ms);
    EXPECT_TRUE(batching.isAllowed());
    batching.leave(10ms);
    EXPECT_FALSE(batching.isAllowed());
}

TEST_F(BatchingTest, tightestSourceDecidesAndItsEndFreesTheOthers)
{
    batching.join(1h);
    batching.join(10ms);
    batching.join(1ms);
    waitAfter(1s, 1'000'000);
    EXPECT_EQ(waitAfter(1s, 1'000'000), batching.tolerance(1ms));
    batching.join(0ns);
    EXPECT_FALSE(batching.isAllowed()) << "its bytes are wanted now";
    batching.leave(0ns);
    batching.leave(1ms);
    EXPECT_EQ(waitAfter(1s, 1'000'000), 1ms);
    batching.leave(10ms);
    batching.leave(1h);
    EXPECT_FALSE(batching.isAllowed());
}

TEST_F(BatchingTest, optionOfZeroMeansNever)
{
    Batching latencyFirst(0ns);
    latencyFirst.join(1h);
    latencyFirst.join(-1ns);
    EXPECT_FALSE(latencyFirst.isAllowed());
}

TEST_F(BatchingTest, fewCompletionsAreNotWorthIt)
{
    batching.join(10ms);
    waitAfter(1s, 0);
    EXPECT_EQ(waitAfter(1ms, 1), 0ns);
    EXPECT_EQ(waitAfter(1ms, 2), 1ms);
    EXPECT_EQ(waitAfter(10ms, 19), 0ns) << "the rate counts, not the number";
    EXPECT_EQ(waitAfter(10ms, 20), 1ms);
}

TEST_F(BatchingTest, decisionStandsUntilABatchsTimeHasPassed)
{
    batching.join(10ms);
    waitAfter(1s, 0);
    EXPECT_EQ(waitAfter(1ms, 100), 1ms);
    EXPECT_EQ(waitAfter(10us, 0), 1ms);
    EXPECT_EQ(waitAfter(980us, 0), 1ms);
    EXPECT_EQ(waitAfter(20us, 0), 0ns);
}

TEST_F(BatchingTest, whoSendsFastIsNotKeptWaiting)
{
    batching.join(10ms);
    waitAfter(1s, 0);
    batching.took(Batching::FastBytes - 1);
    EXPECT_EQ(waitAfter(1ms, 100), 1ms);
    batching.took(Batching::FastBytes);
    EXPECT_EQ(waitAfter(1ms, 100), 0ns);
}

TEST_F(BatchingTest, whoHasSentFastIsNotKeptWaitingWhereLittleIsThereYet)
{
    batching.join(10ms);
    waitAfter(1s, 0);
    batching.took(Batching::FastBytes);
    for (int batch = 0; batch < Batching::BatchesAfterFast; ++batch)
    {
        EXPECT_EQ(waitAfter(1ms, 100), 0ns) << batch;
        batching.took(1);
    }
    EXPECT_EQ(waitAfter(1ms, 100), 1ms) << "and not for ever";
}

TEST_F(BatchingTest, manySlowOnesTogetherAreNotOneWhoSendsFast)
{
    batching.join(10ms);
    waitAfter(1s, 0);
    for (int source = 0; source < 1000; ++source)
    {
        batching.took(Batching::FastBytes / 100);
    }
    EXPECT_EQ(waitAfter(1ms, 1000), 1ms);
}

} // namespace weft
