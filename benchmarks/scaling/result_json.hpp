#pragma once

#include "campaign.hpp"

#include <nlohmann/json_fwd.hpp>

#include <vector>

namespace weft::bench
{

/// Everything that was measured, every run of it.
nlohmann::ordered_json toJson(const Topology& topology, const std::vector<CaseRuns>& cases);

} // namespace weft::bench
