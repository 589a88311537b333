#include "replay_rate.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <system_error>

namespace weft::tools
{

namespace
{

// A double counts nanoseconds exactly for a hundred days; after that a wake-up is some too early
// or late, and still nothing adds up.
using Seconds = std::chrono::duration<double>;

std::optional<double> parseNumber(std::string_view text)
{
    double number = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (error != std::errc{} || rest != end)
    {
        return std::nullopt;
    }
    return number;
}

} // namespace

Parsed<ReplayRate> ReplayRate::parse(std::string_view text)
{
    constexpr std::string_view PerSecond = "/s";
    constexpr double SlowestPerSecond = 1e-6;
    constexpr double FastestPerSecond = 1e12;
    if (text == "unlimited")
    {
        return ReplayRate{};
    }
    ReplayRate rate;
    if (text.ends_with(PerSecond))
    {
        text.remove_suffix(PerSecond.size());
        if (const auto number = parseNumber(text))
        {
            rate = {.unit = Unit::Units, .perSecond = *number};
        }
        else if (const auto size = parseSize(text))
        {
            rate = {.unit = Unit::Bytes, .perSecond = static_cast<double>(*size)};
        }
    }
    if (!(rate.perSecond >= SlowestPerSecond && rate.perSecond <= FastestPerSecond))
    {
        return std::unexpected(std::string(Allowed));
    }
    return rate;
}

std::uint64_t ReplayPace::countDue(Clock::time_point now) const noexcept
{
    const double elapsed = Seconds(std::max(now - start, Clock::duration::zero())).count();
    // After months at the highest rate there are more than can be counted.
    constexpr double CountMost = 1e19;
    return static_cast<std::uint64_t>(std::min(elapsed * rate.perSecond, CountMost)) + 1;
}

std::uint64_t ReplayPace::positionDue(Clock::time_point now) const noexcept
{
    switch (rate.unit)
    {
    case ReplayRate::Unit::Units:
        return stream.endOfUnits(countDue(now));
    case ReplayRate::Unit::Bytes:
        return std::min(countDue(now), stream.sizeBytes());
    case ReplayRate::Unit::Unlimited:
        break;
    }
    return stream.sizeBytes();
}

Clock::time_point ReplayPace::nextWakeUp(Clock::time_point now) const noexcept
{
    const auto untilNext = Seconds(static_cast<double>(countDue(now)) / rate.perSecond);
    return std::max(start + std::chrono::ceil<Clock::duration>(untilNext), now + WakeUpInterval);
}

} // namespace weft::tools
