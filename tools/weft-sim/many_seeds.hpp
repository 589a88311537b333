#pragma once

#include "seed_board.hpp"
#include "sim_options.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace weft::sim
{

/// What came of many seeds.
struct ManySeeds
{
    SeedTotals totals;
    std::vector<std::uint64_t> found; // seeds
    bool interrupted = false;
    std::chrono::nanoseconds realTime{};
};

/// Runs them in child processes, says on standard output what each finding is, and stops at the
/// first one unless the options say otherwise. Throws std::system_error.
ManySeeds runManySeeds(const SimOptions& options);

} // namespace weft::sim
