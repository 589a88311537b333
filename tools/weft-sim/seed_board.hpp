#pragma once

#include "run_seed.hpp"

#include <atomic>
#include <cstdint>
#include <limits>

namespace weft::sim
{

/// What all seeds of a process, or of all of them, come to.
struct SeedTotals
{
    std::uint64_t seeds = 0;
    std::uint64_t simulatedNs = 0;
    std::uint64_t events = 0;
    std::uint64_t operations = 0;
    std::uint64_t digest = 0; // the same in whichever order the seeds ran
    Tally tally;

    void add(const RunResult& result) noexcept;
    SeedTotals& operator+=(const SeedTotals& other) noexcept;
};

/// Which seed is next, in memory that the processes share.
struct SeedQueue
{
    std::atomic<std::uint64_t> next = 0;
    std::atomic<std::uint64_t> end = std::numeric_limits<std::uint64_t>::max();
    std::atomic<bool> stopped = false;
};

/// Where one process writes what it has done; its parent reads it, at any time the first two, the
/// rest when the process has ended.
struct SeedBoard
{
    std::atomic<bool> running = false;
    std::atomic<std::uint64_t> seed = 0;
    std::atomic<std::uint64_t> seedsDone = 0;
    std::atomic<std::uint64_t> simulatedNs = 0;
    SeedTotals totals;
};

} // namespace weft::sim
