#pragma once

#include "campaign.hpp"

namespace weft::bench
{

/// On standard output.
void printTable(const CaseRuns& runs);

} // namespace weft::bench
