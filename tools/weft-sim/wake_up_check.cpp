#include "wake_up_check.hpp"

#include <weft/reactor/runtime.hpp>

#include <fmt/format.h>

namespace weft::sim
{

namespace
{

using namespace std::chrono_literals;

/// The longest that a wake-up takes to arrive in the simulation, and as much again several times.
constexpr std::chrono::nanoseconds DelayMost = 500ms;
constexpr std::uint32_t LateMost = 3;

} // namespace

void WakeUpCheck::begin()
{
    postLater();
}

void WakeUpCheck::end() noexcept
{
    ending = true;
}

void WakeUpCheck::postLater()
{
    context.simulation.after(context.chance.spread(1us, 5s), "another thread posts",
                             [this]
                             {
                                 post();
                             });
}

void WakeUpCheck::post()
{
    if (ending)
    {
        return;
    }
    if (!underWay)
    {
        underWay = true;
        postedAt = context.simulation.now();
        context.runtime->reactor(0).scheduler().post(item);
    }
    postLater();
}

void WakeUpCheck::delivered() noexcept
{
    underWay = false;
    const auto delay = context.simulation.now() - postedAt;
    if (delay > DelayMost && ++lateCount > LateMost)
    {
        context.simulation.fail(
            fmt::format("what another thread posted has lain there for {} ms while the reactor "
                        "slept; it is the {}th time in this run",
                        delay / 1ms, lateCount));
    }
}

} // namespace weft::sim
