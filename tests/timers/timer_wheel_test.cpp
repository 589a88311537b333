#include "test_timer.hpp"
#include "tests/support/heap_count.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

/// Advances whenever the wheel asks for it, until nothing is armed. Returns the time of the last
/// call.
Clock::time_point advanceUntilEmpty(TimerWheel& wheel, std::size_t* wakeUps = nullptr)
{
    Clock::time_point now = Start;
    while (wheel.armedCount() > 0)
    {
        now = wheel.nextExpiry();
        wheel.advance(now);
        if (wakeUps != nullptr)
        {
            ++*wakeUps;
        }
    }
    return now;
}

/// The last tick of a slot, the first of the next one and its neighbour, for all levels that a
/// signed 64-bit time can reach with the default tick.
std::vector<std::chrono::nanoseconds> delaysAtLevelBoundaries()
{
    std::vector<std::chrono::nanoseconds> delays;
    for (int level = 0; level <= 7; ++level)
    {
        const auto ticks = std::int64_t{1} << (6 * level);
        for (const auto count : {ticks - 1, ticks, ticks + 1, 63 * ticks, 64 * ticks - 1})
        {
            if (count > 0 && count < (std::int64_t{1} << 41))
            {
                delays.push_back(count * Tick);
            }
        }
    }
    return delays;
}

} // namespace

TEST(TimerWheel, timerNeverFiresEarly)
{
    for (const auto delay : delaysAtLevelBoundaries())
    {
        for (const auto offset : {-1ns, 0ns, 1ns})
        {
            TimerWheel wheel(Start);
            TestTimer timer;
            const Deadline deadline = Start + delay + offset;
            wheel.arm(timer, deadline);
            EXPECT_EQ(wheel.advance(deadline - 1ns), 0U) << delay.count() << " ns";
            EXPECT_TRUE(timer.armed());
            wheel.cancel(timer);
        }
    }
}

TEST(TimerWheel, timerFiresAtMostOneTickLate)
{
    for (const auto delay : delaysAtLevelBoundaries())
    {
        for (const auto offset : {-1ns, 0ns, 1ns})
        {
            TimerWheel wheel(Start);
            TestTimer timer;
            const Deadline deadline = Start + delay + offset;
            wheel.arm(timer, deadline);
            const auto firedAt = advanceUntilEmpty(wheel);
            EXPECT_EQ(timer.firedCount, 1);
            EXPECT_GE(firedAt, deadline);
            EXPECT_LT(firedAt - deadline, Tick) << delay.count() << " ns";
        }
    }
}

TEST(TimerWheel, deadlineOnATickFiresExactlyThenFromAnyPosition)
{
    for (const auto position : delaysAtLevelBoundaries())
    {
        for (const auto delay : delaysAtLevelBoundaries())
        {
            TimerWheel wheel(Start);
            TestTimer timer;
            wheel.advance(Start + position);
            wheel.arm(timer, Start + position + delay);
            EXPECT_EQ(advanceUntilEmpty(wheel), Start + position + delay);
        }
    }
}

TEST(TimerWheel, ticksMayHaveAnyLength)
{
    for (const auto tick : {1ns, 7ns, 1'000ns, std::chrono::nanoseconds{1h}})
    {
        for (const auto delay : {1ns, 63ns, 64ns, 1'000'003ns, std::chrono::nanoseconds{24h * 365}})
        {
            TimerWheel wheel(Start, tick);
            TestTimer timer;
            wheel.arm(timer, Start + delay);
            wheel.advance(Start + delay - 1ns);
            EXPECT_EQ(timer.firedCount, 0);
            const auto firedAt = advanceUntilEmpty(wheel);
            EXPECT_GE(firedAt, Start + delay);
            EXPECT_LT(firedAt - (Start + delay), tick);
        }
    }
}

TEST(TimerWheel, deadlineInThePastFiresAtTheNextAdvanceThoughTheClockStandsStill)
{
    const auto now = Start + 10 * Tick + 500ns;
    TimerWheel wheel(Start);
    wheel.advance(now);
    TestTimer longAgo;
    TestTimer earlierInThisTick;
    TestTimer rightNow;
    wheel.arm(longAgo, Start - 1h);
    wheel.arm(earlierInThisTick, now - 100ns);
    wheel.arm(rightNow, now);
    EXPECT_LE(wheel.nextExpiry(), now);
    EXPECT_EQ(wheel.advance(now), 3U);
    EXPECT_EQ(longAgo.firedCount + earlierInThisTick.firedCount + rightNow.firedCount, 3);
}

TEST(TimerWheel, deadlineInsideTheCurrentTickFiresWhenTheTickEnds)
{
    TimerWheel wheel(Start);
    wheel.advance(Start + 10 * Tick + 500ns);
    TestTimer timer;
    wheel.arm(timer, Start + 10 * Tick + 600ns);
    EXPECT_EQ(wheel.nextExpiry(), Start + 11 * Tick);
    EXPECT_EQ(wheel.advance(Start + 11 * Tick), 1U);
}

TEST(TimerWheel, deadlineBeforeTheWheelBeganFiresAtTheFirstAdvance)
{
    TimerWheel wheel(Start);
    TestTimer timer;
    wheel.arm(timer, Deadline::min());
    EXPECT_EQ(wheel.advance(Start), 1U);
}

TEST(TimerWheel, timersFireInTheOrderOfTheirTicks)
{
    TimerWheel wheel(Start);
    std::vector<int> order;
    std::vector<std::unique_ptr<TestTimer>> timers;
    const std::vector<int> delaysTicks = {5'000, 3, 70, 64, 4'096, 63, 1, 262'144, 4'097, 65};
    for (const int ticks : delaysTicks)
    {
        timers.push_back(std::make_unique<TestTimer>(
            [&order, ticks]
            {
                order.push_back(ticks);
            }));
        wheel.arm(*timers.back(), Start + ticks * Tick);
    }
    EXPECT_EQ(wheel.advance(Start + 1h), delaysTicks.size());
    EXPECT_EQ(order, (std::vector{1, 3, 63, 64, 65, 70, 4'096, 4'097, 5'000, 262'144}));
}

TEST(TimerWheel, cancelledTimerNeverFires)
{
    TimerWheel wheel(Start);
    TestTimer timer;
    TestTimer neighbour;
    wheel.arm(timer, Start + 5 * Tick);
    wheel.arm(neighbour, Start + 5 * Tick);
    wheel.cancel(timer);
    EXPECT_FALSE(timer.armed());
    EXPECT_EQ(wheel.armedCount(), 1U);
    wheel.advance(Start + 1s);
    EXPECT_EQ(timer.firedCount, 0);
    EXPECT_EQ(neighbour.firedCount, 1);
}

TEST(TimerWheel, cancellingTwiceIsHarmless)
{
    TimerWheel wheel(Start);
    TestTimer timer;
    wheel.cancel(timer);
    wheel.arm(timer, Start + 5 * Tick);
    wheel.cancel(timer);
    wheel.cancel(timer);
    EXPECT_EQ(wheel.armedCount(), 0U);
    EXPECT_EQ(wheel.nextExpiry(), NoDeadline);
}

TEST(TimerWheel, clockThatStandsStillOrGoesBackFiresNothing)
{
    const auto now = Start + 10 * Tick;
    TimerWheel wheel(Start);
    TestTimer timer;
    TestTimer due;
    EXPECT_EQ(wheel.advance(now), 0U);
    wheel.arm(timer, now + 5 * Tick);
    wheel.arm(due, now);
    EXPECT_EQ(wheel.advance(now - 1ns), 0U);
    EXPECT_EQ(wheel.advance(Start - 1h), 0U);
    EXPECT_EQ(wheel.advance(now), 1U);
    EXPECT_EQ(wheel.advance(now), 0U);
    EXPECT_EQ(wheel.advance(now + 5 * Tick), 1U);
}

TEST(TimerWheel, emptyWheelAsksForNothing)
{
    TimerWheel wheel(Start);
    EXPECT_EQ(wheel.nextExpiry(), NoDeadline);
    EXPECT_EQ(wheel.advance(Start + 24h * 365 * 200), 0U);
    EXPECT_EQ(wheel.nextExpiry(), NoDeadline);
}

TEST(TimerWheel, longTimerCostsOneWakeUpPerLevelAtMost)
{
    for (const auto delay : {1h, 24h * 365, 24h * 365 * 100})
    {
        TimerWheel wheel(Start);
        TestTimer timer;
        std::size_t wakeUps = 0;
        // The worst case: no digit of the tick is zero, so each level has to be cascaded.
        constexpr std::uint64_t OneInEachDigit = 0x041'041'041'041'041;
        auto ticks = static_cast<std::uint64_t>(delay / Tick);
        ticks |= OneInEachDigit & (std::bit_floor(ticks) - 1);
        const Deadline deadline = Start + static_cast<std::int64_t>(ticks) * Tick;
        wheel.arm(timer, deadline);
        EXPECT_EQ(advanceUntilEmpty(wheel, &wakeUps), deadline);
        EXPECT_LE(wakeUps, 8U) << delay.count() << " h";
    }
}

TEST(TimerWheel, deadlineAtTheEndOfTimeIsHeldAndCancelled)
{
    TimerWheel wheel(Start);
    TestTimer timer;
    wheel.arm(timer, NoDeadline - 1ns);
    EXPECT_LT(wheel.nextExpiry(), NoDeadline);
    EXPECT_EQ(wheel.advance(Start + 24h * 365 * 290), 0U);
    wheel.cancel(timer);
    EXPECT_EQ(wheel.nextExpiry(), NoDeadline);
}

TEST(TimerWheel, nothingIsAllocated)
{
    TimerWheel wheel(Start);
    std::array<TestTimer, 100> timers;
    const auto before = heapAllocationCount();
    auto now = Start;
    for (int round = 0; round < 100; ++round)
    {
        for (std::size_t index = 0; index < timers.size(); ++index)
        {
            wheel.cancel(timers[index]);
            wheel.arm(timers[index], now + (std::int64_t{1} << (index % 50)) * 1ns);
        }
        now += 10ms;
        wheel.advance(now);
    }
    EXPECT_EQ(heapAllocationCount(), before);
    for (auto& timer : timers)
    {
        wheel.cancel(timer);
    }
}

} // namespace weft
