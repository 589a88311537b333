#pragma once

#include <weft/reactor/runtime.hpp>

#include <chrono>
#include <functional>
#include <string_view>

namespace weft
{

/// What a periodic timer does after it has fired.
enum class TimerRepeat : std::uint8_t
{
    Once,
    Forever,
};

struct PeriodicTimerOptions
{
    /// Shown in the fiber registry.
    std::string_view name = "timer";
    /// Longer than zero.
    std::chrono::nanoseconds interval{};
    TimerRepeat repeat = TimerRepeat::Forever;
    StackClass stack = StackClass::Small;
    std::optional<std::size_t> reactor = std::nullopt;
};

/// A light fiber that calls a function at an interval. It fires at start + interval,
/// start + 2 * interval and so on, without drift; calls that the function itself has slept through
/// are left out, never made up for in a burst. The destructor stops it and waits.
class PeriodicTimer
{
public:
    /// The function runs on the timer's fiber and may suspend. What it throws ends the timer and
    /// comes out of join(). Throws std::invalid_argument for an interval that is not positive, else
    /// as weft::spawn().
    PeriodicTimer(const PeriodicTimerOptions& options, std::function<void()> onTimer);

    /// The function is not called again; a call that runs sees a stop in what suspends. Returns at
    /// once. Any thread.
    void stop() noexcept
    {
        fiber.requestStop();
    }

    /// Returns when the timer has ended. Suspends.
    void join()
    {
        fiber.join();
    }

private:
    Fiber fiber;
};

} // namespace weft
