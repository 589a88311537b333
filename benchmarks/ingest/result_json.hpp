#pragma once

#include "campaign.hpp"

#include <string>
#include <vector>

namespace weft::bench
{

/// Writes everything that was measured, each run by itself. Throws std::system_error.
void writeJson(const std::string& path, const std::vector<CaseRuns>& cases);

} // namespace weft::bench
