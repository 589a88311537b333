#pragma once

#include "demo_files.hpp"
#include "demo_options.hpp"
#include "ingest_plan.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace weft::tools
{

/// What a demo sends, and where it comes from.
struct DemoInput
{
    /// How often each connection is sent the data.
    std::uint64_t repeats = 0;
    /// That each connection is sent.
    std::uint64_t connectionBytes = 0;
    /// What the file sources read.
    std::vector<std::filesystem::path> files;
    /// Where the server reports what it has sent.
    std::filesystem::path report;
};

/// Reads the data and writes the files, into `directory`. Throws InvalidOption, and
/// std::system_error when they cannot be written.
DemoInput prepareDemoInput(const DemoOptions& options, const std::filesystem::path& directory,
                           const Checkpoint& checkpoint);

/// What `weft serve` is told.
std::vector<std::string> serveArguments(const DemoOptions& options, const DemoInput& input);

/// The TCP sources, from a server at `port` of this machine, and the file sources. Throws
/// InvalidOption.
IngestPlan planDemo(const DemoOptions& options, const DemoInput& input, std::uint16_t port);

} // namespace weft::tools
