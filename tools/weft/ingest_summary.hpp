#pragma once

#include "ingest_result.hpp"
#include "ingest_watch.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace weft::tools
{

inline double seconds(std::chrono::nanoseconds duration) noexcept
{
    return std::chrono::duration<double>(duration).count();
}

/// In a word or two: "complete" only when every source has ended as it should, "failed" when none
/// has, "incomplete" for what is between them.
std::string_view endName(const IngestResult& result, WatchEnd end) noexcept;

/// The account of a session for people, several lines. At most `failuresMax` failed sources are
/// named.
std::string summarize(const IngestResult& result, WatchEnd end, std::size_t failuresMax = 20);

/// The same for machines: everything there is. Durations are in seconds or nanoseconds and sizes in
/// bytes, as the keys say.
nlohmann::json toJson(const IngestResult& result, WatchEnd end);

} // namespace weft::tools
