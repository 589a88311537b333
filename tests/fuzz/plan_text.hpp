#pragma once

#include "ingest_plan.hpp"

#include <string>

namespace weft::fuzz
{

/// The plan as a configuration that leaves nothing to defaults. Two plans are the same when their
/// texts are.
std::string printPlan(const tools::IngestPlan& plan);

} // namespace weft::fuzz
