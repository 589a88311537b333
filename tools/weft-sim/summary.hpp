#pragma once

#include "many_seeds.hpp"
#include "sim_options.hpp"

namespace weft::sim
{

/// On standard output, and in the options' report if there is one.
void printSummary(const ManySeeds& all);

/// As JSON. Throws what OutputFile throws.
void writeReport(const ManySeeds& all, const std::string& path);

} // namespace weft::sim
