#include <weft/reactor/io.hpp>
#include <weft/reactor/periodic_timer.hpp>

#include "tests/support/races.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <string>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

/// The tick of the wheel in these tests: finer than the intervals.
constexpr std::chrono::nanoseconds FineTick = 20us;

constexpr auto Interval = 2ms;

RuntimeOptions withFineTick()
{
    auto options = smallRuntime();
    options.timerTick = FineTick;
    return options;
}

} // namespace

TEST(PeriodicTimer, thatRepeatsFiresAgainAndAgain)
{
    Runtime runtime(withFineTick());
    std::latch fired(10);
    PeriodicTimer timer({.interval = 1ms},
                        [&fired]
                        {
                            if (!fired.try_wait())
                            {
                                fired.count_down();
                            }
                        });
    fired.wait();
    EXPECT_TRUE(fired.try_wait());
}

TEST(PeriodicTimer, thatDoesNotRepeatFiresOnceAndEnds)
{
    Runtime runtime(withFineTick());
    std::atomic<int> fired = 0;
    PeriodicTimer timer({.interval = 1ms, .repeat = TimerRepeat::Once},
                        [&fired]
                        {
                            ++fired;
                        });
    timer.join();
    EXPECT_EQ(fired.load(), 1);
}

TEST(PeriodicTimer, doesNotFireBeforeItsInterval)
{
    Runtime runtime(withFineTick());
    const auto earliest = Clock::now() + 3ms;
    Clock::time_point firedAt;
    PeriodicTimer timer({.interval = 3ms, .repeat = TimerRepeat::Once},
                        [&firedAt]
                        {
                            firedAt = Clock::now();
                        });
    timer.join();
    EXPECT_GE(firedAt, earliest);
}

TEST(PeriodicTimer, stopEndsItAtOnce)
{
    Runtime runtime(withFineTick());
    std::atomic<int> fired = 0;
    PeriodicTimer timer({.interval = 1h},
                        [&fired]
                        {
                            ++fired;
                        });
    timer.stop();
    timer.join();
    EXPECT_EQ(fired.load(), 0);
}

TEST(PeriodicTimer, destructorEndsIt)
{
    Runtime runtime(withFineTick());
    {
        const PeriodicTimer timer({.name = "clock", .interval = 1h}, [] {});
    }
    EXPECT_FALSE(findFiber(runtime, "clock").has_value());
}

TEST(PeriodicTimer, isListedByItsName)
{
    Runtime runtime(withFineTick());
    const PeriodicTimer timer({.name = "clock", .interval = 1h}, [] {});
    EXPECT_TRUE(findFiber(runtime, "clock").has_value());
}

TEST(PeriodicTimer, whatItsFunctionThrowsComesOutOfJoin)
{
    Runtime runtime(withFineTick());
    PeriodicTimer timer({.interval = 1ms},
                        []
                        {
                            throw std::out_of_range("thrown");
                        });
    EXPECT_THROW(timer.join(), std::out_of_range);
}

TEST(PeriodicTimer, functionThatSuspendsSeesTheStop)
{
    Runtime runtime(withFineTick());
    std::latch begun(1);
    std::error_code error;
    PeriodicTimer timer({.interval = 1ms},
                        [&]
                        {
                            begun.count_down();
                            error = io::sleepUntil(NoDeadline).error();
                        });
    begun.wait();
    timer.stop();
    timer.join();
    EXPECT_EQ(error, IoError::Stopped);
}

TEST(PeriodicTimer, timeThatItsFunctionTakesDoesNotAddUp)
{
    Runtime runtime(withFineTick());
    constexpr int Calls = 5;
    constexpr auto LongInterval = 20ms;
    // A timer that counted from the end of each call would need one and a half intervals for each
    // but the first, seven and a half in all, however fast the machine. One that keeps to its grid
    // needs a moment in which the machine is not too busy to show it.
    bool keptTheGrid = false;
    for (int attempt = 0; attempt < 50 && !keptTheGrid; ++attempt)
    {
        const auto start = Clock::now();
        int calls = 0;
        PeriodicTimer timer({.interval = LongInterval},
                            [&]
                            {
                                spinFor(LongInterval / 2);
                                if (++calls == Calls)
                                {
                                    throw std::runtime_error("enough");
                                }
                            });
        EXPECT_THROW(timer.join(), std::runtime_error);
        keptTheGrid = Clock::now() - start < (Calls + 2) * LongInterval;
    }
    EXPECT_TRUE(keptTheGrid);
}

TEST(PeriodicTimer, callsThatWereSleptThroughAreNotMadeUpForInABurst)
{
    Runtime runtime(withFineTick());
    constexpr int LaterCalls = 10;
    int calls = 0;
    Clock::time_point endOfLongCall;
    PeriodicTimer timer({.interval = Interval},
                        [&]
                        {
                            if (++calls == 1)
                            {
                                spinFor(LaterCalls * Interval);
                                endOfLongCall = Clock::now();
                            }
                            if (calls == 1 + LaterCalls)
                            {
                                throw std::runtime_error("enough");
                            }
                        });
    EXPECT_THROW(timer.join(), std::runtime_error);
    EXPECT_GE(Clock::now() - endOfLongCall, (LaterCalls - 1) * Interval);
}

TEST(PeriodicTimer, intervalThatIsNotPositiveIsRefused)
{
    Runtime runtime(withFineTick());
    try
    {
        const PeriodicTimer timer({.name = "clock", .interval = 0ns}, [] {});
        FAIL() << "not refused";
    }
    catch (const std::invalid_argument& error)
    {
        EXPECT_STREQ(error.what(), "timer 'clock' has an interval of 0 ns; it must be longer than "
                                   "zero");
    }
}

TEST(PeriodicTimer, intervalBeyondTheClockNeverFires)
{
    Runtime runtime(withFineTick());
    std::atomic<int> fired = 0;
    PeriodicTimer timer({.name = "clock", .interval = std::chrono::nanoseconds::max()},
                        [&fired]
                        {
                            ++fired;
                        });
    awaitState(runtime, "clock", FiberState::Suspended);
    timer.stop();
    timer.join();
    EXPECT_EQ(fired.load(), 0);
}

} // namespace weft
