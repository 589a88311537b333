#pragma once

#include "ingest_plan.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace weft::tools
{

/// What a configuration file may contain, for the help text.
extern const char* const ConfigHelp;

/// Sources that a configuration may make, their copies included.
inline constexpr std::int64_t SourcesMost = 1'000'000;

/// Reads a configuration and checks all of it; the runtime options of the plan are resolved. Throws
/// UsageError with file, line, key, what is wrong and what is allowed.
IngestPlan loadIngestPlan(const std::filesystem::path& path);

/// The same of a text; `path` is the file that it stands in.
IngestPlan parseIngestPlan(const std::string& text, const std::filesystem::path& path,
                           std::int64_t sourcesMost = SourcesMost);

} // namespace weft::tools
