#include "demo_options.hpp"

#include "engine_option.hpp"
#include "whole_number_option.hpp"

#include <algorithm>

namespace weft::tools
{

DemoOptions::DemoOptions(const DemoArguments& arguments)
    : data(arguments.data),
      json(arguments.json)
{
    // Each connection to the one port of the server takes another port of ours: Linux gives out
    // 28,232 of them by default.
    constexpr std::int64_t SourcesMost = 28'000;
    constexpr std::int64_t FilesMost = 10'000;
    constexpr std::int64_t RepeatsMost = 1'000'000'000;
    constexpr std::int64_t ThreadsMost = 1024;
    sources = static_cast<std::size_t>(
        parseWholeNumberOption("--sources", arguments.sources, 1, SourcesMost, "1 to 28000"));
    files = static_cast<std::size_t>(
        parseWholeNumberOption("--files", arguments.files, 0, FilesMost, "0 to 10000"));
    workers = static_cast<std::size_t>(
        parseWholeNumberOption("--workers", arguments.workers, 1, ThreadsMost, "1 to 1024"));
    engine = parseEngineOption(arguments.engine);
    if (arguments.repeat != "auto")
    {
        repeats = static_cast<std::uint64_t>(parseWholeNumberOption(
            "--repeat", arguments.repeat, 1, RepeatsMost, "auto, or 1 to 1000000000"));
    }
    if (arguments.reactors != "auto")
    {
        reactors = static_cast<std::size_t>(parseWholeNumberOption(
            "--reactors", arguments.reactors, 1, ThreadsMost, "auto, or 1 to 1024"));
    }
}

std::uint64_t chooseRepeats(std::size_t sources, std::size_t dataBytes) noexcept
{
    constexpr std::uint64_t VolumeBytes = std::uint64_t{16} << 30;
    const auto roundBytes = static_cast<std::uint64_t>(sources) * dataBytes;
    return std::max<std::uint64_t>(VolumeBytes / std::max<std::uint64_t>(roundBytes, 1), 1);
}

} // namespace weft::tools
