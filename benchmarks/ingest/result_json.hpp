#pragma once

#include "campaign.hpp"

#include <nlohmann/json_fwd.hpp>

#include <vector>

namespace weft::bench
{

/// Everything that was measured, each run by itself.
nlohmann::ordered_json toJson(const std::vector<CaseRuns>& cases);

} // namespace weft::bench
