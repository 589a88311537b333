#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/periodic_timer.hpp>

#include "tests/support/runtime.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

/// The tick of the wheel in these tests: finer than the intervals.
constexpr std::chrono::nanoseconds FineTick = 20us;

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

TEST(PeriodicTimer, keepsToItsGridWithoutDrift)
{
    Runtime runtime(withFineTick());
    constexpr auto Interval = 2ms;
    std::vector<Clock::time_point> moments;
    std::latch done(1);
    PeriodicTimer timer({.interval = Interval},
                        [&]
                        {
                            if (moments.size() < 20)
                            {
                                moments.push_back(Clock::now());
                                this_fiber::yield();
                            }
                            else if (!done.try_wait())
                            {
                                done.count_down();
                            }
                        });
    done.wait();
    timer.stop();
    timer.join();
    // Were lateness to add up, the last call would be late by the sum of all. It may come late
    // itself, so what is compared is the earliest that the grid can have begun.
    auto gridStart = Clock::time_point::max();
    for (std::size_t index = 0; index < moments.size(); ++index)
    {
        gridStart = std::min(gridStart, moments[index] - static_cast<int>(index) * Interval);
    }
    const auto offset = (moments.back() - gridStart) % Interval;
    EXPECT_LT(offset, Interval);
}

TEST(PeriodicTimer, callsThatWereSleptThroughAreLeftOut)
{
    Runtime runtime(withFineTick());
    constexpr auto Interval = 1ms;
    std::vector<Clock::time_point> moments;
    PeriodicTimer timer({.interval = Interval},
                        [&]
                        {
                            if (moments.empty())
                            {
                                const StopShield shield;
                                (void)io::sleepFor(10 * Interval);
                            }
                            if (moments.size() == 1)
                            {
                                throw std::runtime_error("enough");
                            }
                            moments.push_back(Clock::now());
                        });
    EXPECT_THROW(timer.join(), std::runtime_error);
    // The second call came on the grid after the long one, not ten times at once.
    EXPECT_EQ(moments.size(), 1U);
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
