#pragma once

#include "ingest_result.hpp"
#include "ingest_watch.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>

namespace weft::tools
{

/// The account of a session for people, several lines. At most `failuresMax` failed sources are
/// named.
std::string summarize(const IngestResult& result, WatchEnd end, std::size_t failuresMax = 20);

/// The same for machines: everything there is. Durations are in seconds or nanoseconds and sizes in
/// bytes, as the keys say.
nlohmann::json toJson(const IngestResult& result, WatchEnd end);

} // namespace weft::tools
