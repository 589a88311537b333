#include "test_timer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

} // namespace

TEST(TimerWheel, callbackMayCancelATimerThatIsAboutToFire)
{
    TimerWheel wheel(Start);
    TestTimer sameTick;
    TestTimer laterTick;
    TestTimer canceller(
        [&]
        {
            wheel.cancel(sameTick);
            wheel.cancel(laterTick);
        });
    wheel.arm(canceller, Start + 5 * Tick);
    wheel.arm(sameTick, Start + 5 * Tick);
    wheel.arm(laterTick, Start + 900 * Tick);
    EXPECT_EQ(wheel.advance(Start + 1h), 1U);
    EXPECT_EQ(sameTick.firedCount + laterTick.firedCount, 0);
    EXPECT_EQ(wheel.armedCount(), 0U);
    EXPECT_EQ(wheel.nextExpiry(), NoDeadline);
}

TEST(TimerWheel, callbackMayEndTheLifeOfItsTimer)
{
    TimerWheel wheel(Start);
    std::optional<TestTimer> timer;
    timer.emplace(
        [&timer]
        {
            timer.reset();
        });
    wheel.arm(*timer, Start + Tick);
    EXPECT_EQ(wheel.advance(Start + Tick), 1U);
    EXPECT_FALSE(timer.has_value());
}

TEST(TimerWheel, timerArmedByACallbackWaitsForTheNextAdvance)
{
    const auto now = Start + 100 * Tick;
    TimerWheel wheel(Start);
    TestTimer armedByCallback;
    TestTimer timer(
        [&]
        {
            wheel.arm(armedByCallback, Start + 50 * Tick);
        });
    wheel.arm(timer, Start + 10 * Tick);
    EXPECT_EQ(wheel.advance(now), 1U);
    EXPECT_LE(wheel.nextExpiry(), now);
    EXPECT_EQ(wheel.advance(now), 1U);
    EXPECT_EQ(armedByCallback.firedCount, 1);
}

TEST(TimerWheel, timerThatRearmsItselfIntoThePastDoesNotHoldTheThread)
{
    TimerWheel wheel(Start);
    std::optional<TestTimer> timer;
    timer.emplace(
        [&]
        {
            wheel.arm(*timer, Start - 1s);
        });
    wheel.arm(*timer, Start);
    for (int round = 1; round <= 3; ++round)
    {
        EXPECT_EQ(wheel.advance(Start), 1U);
        EXPECT_EQ(timer->firedCount, round);
    }
    wheel.cancel(*timer);
}

TEST(TimerWheelDeathTest, misuseIsCaught)
{
    TimerWheel wheel(Start);
    TimerWheel other(Start);
    TestTimer timer;
    EXPECT_DEATH(wheel.arm(timer, NoDeadline), "deadline != NoDeadline");
    wheel.arm(timer, Start + Tick);
    EXPECT_DEATH(wheel.arm(timer, Start + Tick), "!timer.armed");
    EXPECT_DEATH(other.cancel(timer), "timer.wheel == this");
    EXPECT_DEATH(std::destroy_at(&timer), "!armed");
    EXPECT_DEATH(std::destroy_at(&wheel), "armedTimers == 0");
    wheel.cancel(timer);
    TestTimer nested(
        [&]
        {
            wheel.advance(Start + 2 * Tick);
        });
    wheel.arm(nested, Start + Tick);
    EXPECT_DEATH(wheel.advance(Start + Tick), "!advancing");
    wheel.cancel(nested);
}

} // namespace weft
