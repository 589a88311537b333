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
    const auto index = classOf(flushInterval);
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
    tightest = std::chrono::nanoseconds::zero();
    for (std::size_t index = 0; index < Classes; ++index)
    {
        if (sources[index] > 0)
        {
            const auto shortest =
                index == Classes - 1
                    ? std::chrono::nanoseconds(-1)
                    : std::chrono::nanoseconds(index == 0 ? 0 : std::int64_t{1} << (index - 1));
            tightest = tolerance(shortest);
            return;
        }
    }
}

std::chrono::nanoseconds Batching::wait(Clock::time_point now, std::uint64_t completions) noexcept
{
    const auto taken = std::exchange(bytesTaken, 0);
    if (now - spanBegin >= tightest)
    {
        const std::chrono::duration<double> span = now - spanBegin;
        const std::chrono::duration<double> batch = tightest;
        const auto came = static_cast<double>(completions - completionsBefore);
        pays = came * batch >= CompletionsWorthIt * span;
        spanBegin = now;
        completionsBefore = completions;
    }
    return pays && taken < FastBytes ? tightest : std::chrono::nanoseconds::zero();
}

} // namespace weft
