#pragma once

#include "campaign.hpp"

namespace weft::bench
{

/// Prints the medians of a case. `basis`: the case of its kind that it is compared with; null when
/// there is none.
void printTable(const CaseRuns& runs, const CaseRuns* basis);

} // namespace weft::bench
