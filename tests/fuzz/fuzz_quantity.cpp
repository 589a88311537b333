#include <weft/sources/quantity.hpp>

#include "tests/fuzz/fuzz_target.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <optional>

/// Durations, sizes, whole numbers and booleans: each text is given to all four.

namespace weft::fuzz
{

namespace
{

constexpr double Largest = 9e18;

/// Digits and a unit, multiplied in whole numbers; empty when the text is anything else.
std::optional<std::int64_t> multiplyExactly(std::string_view text,
                                            const std::map<std::string_view, std::int64_t>& units)
{
    constexpr std::size_t DigitsMost = 18; // fit in 64 bits
    const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
    const auto unit = units.find(text.substr(digits.size()));
    const auto number = parseInteger(digits);
    if (!number || digits.size() > DigitsMost || unit == units.end())
    {
        return std::nullopt;
    }
    std::int64_t product = 0;
    const bool fits = !__builtin_mul_overflow(*number, unit->second, &product) &&
                      static_cast<double>(product) < Largest;
    return fits ? std::optional(product) : std::nullopt;
}

/// A printed quantity has two or three digits, so it comes back only about the same.
bool isNear(double number, double other)
{
    return std::abs(number - other) <= 0.06 * std::max(number, other);
}

void checkDuration(std::string_view text)
{
    const auto duration = parseDuration(text);
    const auto exact = multiplyExactly(text, {{"ns", 1},
                                              {"us", 1'000},
                                              {"ms", 1'000'000},
                                              {"s", 1'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"h", 3'600'000'000'000}});
    require(!exact || (duration && duration->count() == *exact),
            "a whole number of a unit is that duration to the nanosecond", text);
    if (!duration)
    {
        require(duration.error().find("a duration with unit") != std::string::npos,
                "a refusal says what is allowed", duration.error());
        return;
    }
    require(duration->count() >= 0 && static_cast<double>(duration->count()) <= Largest,
            "a duration is from 0 to 9e18 ns", text);
    const auto again = parseDuration(fmt::format("{}ns", duration->count()));
    require(again == duration, "nanoseconds parse to the same duration", text);
    const auto printed = formatDuration(*duration);
    const auto back = parseDuration(printed);
    require(back &&
                isNear(static_cast<double>(back->count()), static_cast<double>(duration->count())),
            "what formatDuration() prints is a duration, about the same", printed);
}

void checkSize(std::string_view text)
{
    const auto size = parseSize(text);
    const auto exact = multiplyExactly(text, {{"", 1},
                                              {"B", 1},
                                              {"KiB", 1 << 10},
                                              {"MiB", 1 << 20},
                                              {"GiB", 1 << 30},
                                              {"TiB", std::int64_t{1} << 40},
                                              {"kB", 1'000},
                                              {"MB", 1'000'000},
                                              {"GB", 1'000'000'000},
                                              {"TB", 1'000'000'000'000}});
    require(!exact || (size && *size == static_cast<std::uint64_t>(*exact)),
            "a whole number of a unit is that size to the byte", text);
    if (!size)
    {
        require(size.error().find("a size in bytes") != std::string::npos,
                "a refusal says what is allowed", size.error());
        return;
    }
    require(static_cast<double>(*size) <= Largest, "a size is from 0 to 9e18 bytes", text);
    require(parseSize(fmt::format("{}", *size)) == size, "bytes parse to the same size", text);
    const auto printed = formatSize(*size);
    const auto back = parseSize(printed);
    require(back && isNear(static_cast<double>(*back), static_cast<double>(*size)),
            "what formatSize() prints is a size, about the same", printed);
}

void checkQuantities(std::string_view text)
{
    checkDuration(text);
    checkSize(text);
    const auto number = parseInteger(text);
    require(!number || parseInteger(fmt::format("{}", *number)) == number,
            "a printed whole number parses to the same", text);
    const bool plain = text.find_first_not_of("-0123456789") == std::string_view::npos;
    require(!number || plain, "a whole number has digits only", text);
    const auto boolean = parseBoolean(text);
    require(!boolean || parseBoolean(*boolean ? "true" : "false") == boolean,
            "a printed boolean parses to the same", text);
    require(!boolean || !number, "no text is both a boolean and a number", text);
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(quantity, weft::fuzz::checkQuantities)
