#include <weft/memory/assert.hpp>
#include <weft/reactor/batching.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace weft
{

namespace
{

/// The part of a flush interval that may be spent on batching.
constexpr int IntervalShare = 8;

} // namespace

/// Intervals of a class are at least 2^(class - 1) ns; the last class is for none.
std::size_t Batching::classOf(std::chrono::nanoseconds flushInterval) noexcept
{
    if (flushInterval < std::chrono::nanoseconds::zero())
    {
        return Classes - 1;
    }
    return static_cast<std::size_t>(
        std::bit_width(static_cast<std::uint64_t>(flushInterval.count())));
}

std::chrono::nanoseconds Batching::tolerance(std::chrono::nanoseconds flushInterval) const noexcept
{
    return toleranceOf(classOf(flushInterval));
}

std::chrono::nanoseconds Batching::toleranceOf(std::size_t index) const noexcept
{
    if (index == 0)
    {
        return std::chrono::nanoseconds::zero();
    }
    const auto least = std::min<std::uint64_t>(std::uint64_t{1} << (index - 1),
                                               std::chrono::nanoseconds::max().count());
    return std::min(most, std::chrono::nanoseconds(least / IntervalShare));
}

void Batching::join(std::chrono::nanoseconds flushInterval) noexcept
{
    ++sources[classOf(flushInterval)];
    update();
}

void Batching::leave(std::chrono::nanoseconds flushInterval) noexcept
{
    auto& count = sources[classOf(flushInterval)];
    WEFT_ASSERT(count > 0);
    --count;
    update();
}

void Batching::update() noexcept
{
    const auto used = std::ranges::find_if(sources,
                                           [](std::uint32_t count)
                                           {
                                               return count > 0;
                                           });
    tightest = used == sources.end()
                   ? std::chrono::nanoseconds::zero()
                   : toleranceOf(static_cast<std::size_t>(used - sources.begin()));
}

std::chrono::nanoseconds Batching::wait(Clock::time_point now, std::uint64_t completions) noexcept
{
    if (std::exchange(tookMuch, false))
    {
        fastUntil = now + BatchesAfterFast * tightest;
    }
    if (now - spanBegin >= tightest)
    {
        const std::chrono::duration<double> span = now - spanBegin;
        const std::chrono::duration<double> batch = tightest;
        const auto came = static_cast<double>(completions - completionsBefore);
        pays = came * batch >= CompletionsWorthIt * span;
        spanBegin = now;
        completionsBefore = completions;
    }
    return pays && now >= fastUntil ? tightest : std::chrono::nanoseconds::zero();
}

} // namespace weft
