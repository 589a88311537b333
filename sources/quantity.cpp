#include <weft/sources/quantity.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

namespace weft
{

namespace
{

struct Unit
{
    std::string_view name;
    std::int64_t factor;
};

constexpr std::array DurationUnits{
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"ms", 1'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"m", 60'000'000'000},
    Unit{"h", 3'600'000'000'000},
};

constexpr std::int64_t KiB = 1024;
constexpr std::array SizeUnits{
    Unit{"", 1},
    Unit{"B", 1},
    Unit{"KiB", KiB},
    Unit{"MiB", KiB* KiB},
    Unit{"GiB", KiB* KiB* KiB},
    Unit{"TiB", KiB* KiB* KiB* KiB},
    Unit{"kB", 1'000},
    Unit{"MB", 1'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"TB", 1'000'000'000'000},
};

constexpr std::int64_t LargestQuantity = 9'000'000'000'000'000'000; // fits in 64 bits

/// The product where the number is whole: a double has 53 bits, and would change long ones.
std::optional<std::int64_t> multiplyWhole(std::string_view digits, std::int64_t factor)
{
    const auto number = parseInteger(digits);
    std::int64_t product = 0;
    if (!number || __builtin_mul_overflow(*number, factor, &product) || product >= LargestQuantity)
    {
        return std::nullopt;
    }
    return product;
}

/// Number times unit, rounded to a whole; empty when it is no such thing.
std::optional<std::int64_t> parseQuantity(std::string_view text, std::span<const Unit> units)
{
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || !std::isfinite(number) || number < 0)
    {
        return std::nullopt;
    }
    const auto digits = text.substr(0, static_cast<std::size_t>(end - text.data()));
    auto suffix = text.substr(digits.size());
    while (suffix.starts_with(' '))
    {
        suffix.remove_prefix(1);
    }
    for (const auto& unit : units)
    {
        const auto product = number * static_cast<double>(unit.factor);
        if (suffix == unit.name && product < static_cast<double>(LargestQuantity))
        {
            const auto whole = multiplyWhole(digits, unit.factor);
            return whole ? whole : std::llround(product);
        }
    }
    return std::nullopt;
}

} // namespace

Parsed<std::chrono::nanoseconds> parseDuration(std::string_view text)
{
    if (text == "0")
    {
        return std::chrono::nanoseconds::zero();
    }
    const auto nanoseconds = parseQuantity(text, DurationUnits);
    if (!nanoseconds)
    {
        return std::unexpected("a duration with unit ns, us, ms, s, m or h, such as 250ms");
    }
    return std::chrono::nanoseconds(*nanoseconds);
}

Parsed<std::uint64_t> parseSize(std::string_view text)
{
    const auto bytes = parseQuantity(text, SizeUnits);
    if (!bytes)
    {
        return std::unexpected("a size in bytes or with unit KiB, MiB, GiB, TiB, kB, MB, GB or "
                               "TB, such as 4KiB");
    }
    return static_cast<std::uint64_t>(*bytes);
}

Parsed<std::int64_t> parseInteger(std::string_view text)
{
    std::int64_t number = 0;
    const auto* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number);
    if (error != std::errc() || end != last)
    {
        return std::unexpected("a whole number");
    }
    return number;
}

Parsed<bool> parseBoolean(std::string_view text)
{
    if (text == "true" || text == "yes" || text == "on")
    {
        return true;
    }
    if (text == "false" || text == "no" || text == "off")
    {
        return false;
    }
    return std::unexpected("true or false");
}

std::string formatDuration(std::chrono::nanoseconds duration)
{
    const auto nanoseconds = static_cast<double>(duration.count());
    const auto* unit = &DurationUnits.front();
    // Minutes and hours are for people to write; a measured time reads better in seconds.
    for (const auto& candidate : std::span(DurationUnits).first(4))
    {
        if (duration.count() >= candidate.factor)
        {
            unit = &candidate;
        }
    }
    const auto number = nanoseconds / static_cast<double>(unit->factor);
    const bool whole = number == std::floor(number);
    return whole ? fmt::format("{:.0f}{}", number, unit->name)
                 : fmt::format("{:.2f}{}", number, unit->name);
}

std::string formatSize(std::uint64_t bytes)
{
    constexpr std::array<std::string_view, 5> Names{"B", "KiB", "MiB", "GiB", "TiB"};
    auto number = static_cast<double>(bytes);
    std::size_t index = 0;
    while (number >= static_cast<double>(KiB) && index + 1 < Names.size())
    {
        number /= static_cast<double>(KiB);
        ++index;
    }
    return index == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", number, Names[index]);
}

} // namespace weft
