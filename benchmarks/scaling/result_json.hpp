#pragma once

#include "campaign.hpp"

#include <string>
#include <vector>

namespace weft::bench
{

/// Everything that was measured, every run of it. Throws std::system_error.
void writeJson(const std::string& path, const Topology& topology,
               const std::vector<CaseRuns>& cases);

} // namespace weft::bench
