#include <weft/sources/flush_times.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace weft
{

using namespace std::chrono_literals;

TEST(FlushTimes, lateTimersAndCompletionsAreTakenOffTheInterval)
{
    const FlushTimes times(10ms, {.completions = 1ms, .timers = 1050us});
    EXPECT_EQ(times.afterArrival(), 8950us);
    EXPECT_EQ(times.afterWait(), 7950us);
}

TEST(FlushTimes, lateTimersTakeAnEighthOfAnIntervalAtMost)
{
    const FlushTimes::Delays delays{.completions = 100us, .timers = 1ms};
    EXPECT_EQ(FlushTimes(800us, delays).afterArrival(), 700us);
    EXPECT_EQ(FlushTimes(800us, delays).afterWait(), 600us);
}

TEST(FlushTimes, atOnceAndNeverStayWhatTheyAre)
{
    for (const auto interval : {0ns, -1ns})
    {
        const FlushTimes times(interval, {.completions = 1ms, .timers = 1ms});
        EXPECT_EQ(times.afterArrival(), interval);
        EXPECT_EQ(times.afterWait(), interval);
    }
}

} // namespace weft
