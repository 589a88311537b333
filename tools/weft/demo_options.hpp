#pragma once

#include <weft/reactor/engine_options.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace weft::tools
{

/// The command line of `weft demo`, as it is written.
struct DemoArguments
{
    std::string sources = "1000";
    std::string files = "16";
    std::string repeat = "auto";
    std::string reactors = "auto";
    std::string workers = "1";
    std::string engine = "auto";
    std::string data;
    std::optional<std::string> json;
};

/// The same, checked.
struct DemoOptions
{
    /// Throws InvalidOption.
    explicit DemoOptions(const DemoArguments& arguments);

    std::size_t sources = 0;
    std::size_t files = 0;
    /// Zero: as chooseRepeats() says.
    std::uint64_t repeats = 0;
    /// Zero: one for each usable CPU.
    std::size_t reactors = 0;
    std::size_t workers = 0;
    EngineKind engine = EngineKind::Auto;
    std::filesystem::path data;
    std::optional<std::filesystem::path> json;
};

/// How often each of `sources` connections is sent `dataBytes`, so that the demo takes 15
/// to 30 seconds on two cores.
std::uint64_t chooseRepeats(std::size_t sources, std::size_t dataBytes) noexcept;

} // namespace weft::tools
