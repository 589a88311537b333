#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/periodic_timer.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace weft
{

namespace
{

void runTimer(std::chrono::nanoseconds interval, TimerRepeat repeat,
              const std::function<void()>& onTimer)
{
    auto next = io::after(interval);
    while (io::sleepUntil(next))
    {
        onTimer();
        if (repeat == TimerRepeat::Once)
        {
            return;
        }
        const auto late = std::max<std::chrono::nanoseconds>(Clock::now() - next, {});
        next += interval * (1 + late / interval);
    }
}

} // namespace

PeriodicTimer::PeriodicTimer(const PeriodicTimerOptions& options, std::function<void()> onTimer)
{
    if (options.interval <= std::chrono::nanoseconds::zero())
    {
        throw std::invalid_argument(
            fmt::format("timer '{}' has an interval of {} ns; it must be longer than zero",
                        options.name, options.interval.count()));
    }
    fiber = spawn({.name = options.name, .stack = options.stack, .reactor = options.reactor},
                  [interval = options.interval, repeat = options.repeat, call = std::move(onTimer)]
                  {
                      runTimer(interval, repeat, call);
                  });
}

} // namespace weft
