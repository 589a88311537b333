#pragma once

#include <weft/timers/timer_wheel.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace weft
{

inline constexpr auto Tick = TimerWheel::DefaultTick;

/// Not a multiple of the tick, so that nothing passes because two zeros coincide.
inline constexpr Clock::time_point Start{std::chrono::nanoseconds{123'456'789}};

/// Counts how often it fires, and does what the test says.
class TestTimer : public Timer
{
public:
    explicit TestTimer(std::function<void()> onExpiry = {})
        : Timer(&expire),
          action(std::move(onExpiry))
    {
    }

    int firedCount = 0;

private:
    static void expire(Timer& timer) noexcept
    {
        auto& self = static_cast<TestTimer&>(timer);
        ++self.firedCount;
        if (self.action)
        {
            self.action();
        }
    }

    std::function<void()> action;
};

} // namespace weft
