#pragma once

#include "cases.hpp"

#include <vector>

#include <load/run.hpp>

namespace weft::bench
{

/// Figures of one run with all its lanes, or the medians of several.
struct Sample
{
    double throughput = 0;        // in the workload's unit
    double cpuSecondsPerUnit = 0; // of the receiving processes
    double p99Ms = 0;             // of the lane with the highest one
    double wakeUps = 0;           // of reactors by other threads, in the window, all together
    double busyShare = 0;         // of the reactors' CPUs, by the receiving processes
    double othersShare = 0;       // of the same, by neither receivers nor generators
    double sentShare = 1;         // of the messages that were due
};

/// The results must be measured ones, one for each lane.
Sample sampleOf(const Case& what, const Layout& layout, const std::vector<RunResult>& lanes);

/// Of each figure by itself; the lower of the two in the middle.
Sample mediansOf(const std::vector<Sample>& samples);

} // namespace weft::bench
