#pragma once

#include "ingest_plan.hpp"

#include <filesystem>

namespace weft::tools
{

/// What a configuration file may contain, for the help text.
extern const char* const ConfigHelp;

/// Reads a configuration and checks all of it; the runtime options of the plan are resolved. Throws
/// UsageError with file, line, key, what is wrong and what is allowed.
IngestPlan loadIngestPlan(const std::filesystem::path& path);

} // namespace weft::tools
