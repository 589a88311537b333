#include "soak_options.hpp"

#include <weft/reactor/runtime_options.hpp>
#include <weft/sources/quantity.hpp>

#include "engine_option.hpp"
#include "whole_number_option.hpp"

#include <charconv>
#include <limits>
#include <random>

namespace weft::soak
{

namespace
{

constexpr std::uint32_t SourcesMost = 5000;

std::chrono::nanoseconds parseMinutes(const std::string& text)
{
    constexpr double MinutesLeast = 0.01; // less would check nothing
    constexpr double MinutesMost = 60.0 * 24 * 30;
    double minutes = 0;
    const auto* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, minutes);
    const bool inBounds = minutes >= MinutesLeast && minutes <= MinutesMost; // which nan is not
    if (parsed.ec != std::errc() || parsed.ptr != end || !inBounds)
    {
        throw InvalidOption("--minutes", text, "a number from 0.01 to 43200, such as 30 or 0.5");
    }
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double, std::ratio<60>>(minutes));
}

std::uint64_t parseSeed(const std::string& text)
{
    if (text.empty())
    {
        // Short enough to be typed again.
        constexpr std::uint64_t SeedsMost = 1'000'000'000;
        std::random_device device;
        return device() % SeedsMost;
    }
    return static_cast<std::uint64_t>(
        tools::parseWholeNumberOption("--seed", text, 0, std::numeric_limits<std::int64_t>::max(),
                                      "a whole number from 0 to 9223372036854775807"));
}

std::chrono::nanoseconds parseRound(const std::string& text)
{
    const auto duration = parseDuration(text);
    if (!duration || *duration < std::chrono::milliseconds(100) ||
        *duration > std::chrono::minutes(10))
    {
        throw InvalidOption("--round", text, "100ms to 10m");
    }
    return *duration;
}

std::int64_t parseMemoryGrowth(const std::string& text)
{
    constexpr std::uint64_t Most = std::uint64_t{1} << 40;
    const auto bytes = parseSize(text);
    if (!bytes || *bytes > Most)
    {
        throw InvalidOption("--memory-growth", text, "a size up to 1024GiB such as 64MiB");
    }
    return static_cast<std::int64_t>(*bytes);
}

Plant parsePlant(const std::string& text)
{
    if (text.empty())
    {
        return Plant::Nothing;
    }
    if (text == "lose-byte")
    {
        return Plant::LoseByte;
    }
    if (text == "change-byte")
    {
        return Plant::ChangeByte;
    }
    if (text == "keep-buffer")
    {
        return Plant::KeepBuffer;
    }
    if (text == "block-for-ever")
    {
        return Plant::BlockForEver;
    }
    throw InvalidOption("--plant", text, "lose-byte, change-byte, keep-buffer or block-for-ever");
}

std::chrono::nanoseconds parseWatchdog(const std::string& text)
{
    const auto duration = parseDuration(text);
    if (!duration || *duration < std::chrono::milliseconds(100) ||
        *duration > std::chrono::hours(1))
    {
        throw InvalidOption("--watchdog", text, "100ms to 1h");
    }
    return *duration;
}

} // namespace

SoakOptions::SoakOptions(const SoakArguments& arguments)
    : duration(parseMinutes(arguments.minutes)),
      seed(parseSeed(arguments.seed)),
      sources(static_cast<std::uint32_t>(tools::parseWholeNumberOption(
          "--sources", arguments.sources, 1, SourcesMost, "1 to 5000"))),
      engine(tools::parseEngineOption(arguments.engine)),
      round(parseRound(arguments.round)),
      memoryGrowthBytes(parseMemoryGrowth(arguments.memoryGrowth)),
      plant(parsePlant(arguments.plant)),
      watchdog(parseWatchdog(arguments.watchdog))
{
    if (!arguments.reactors.empty())
    {
        reactors = static_cast<std::size_t>(
            tools::parseWholeNumberOption("--reactors", arguments.reactors, 1, 1024, "1 to 1024"));
    }
}

} // namespace weft::soak
