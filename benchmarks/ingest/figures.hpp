#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <load/run.hpp>

namespace weft::bench
{

/// What is compared, of one run or the medians of several.
struct Figures
{
    double cpuSecondsPerGiB = 0;
    double cpuSecondsPerMillion = 0; // messages; the flood's bytes are not told apart
    double userShare = 0;            // of the CPU time
    double gibPerSecond = 0;
    double messagesPerSecond = 0;
    double p50Ms = 0;
    double p99Ms = 0;
    double p999Ms = 0;
    double memoryKiBPerSource = 0;
    /// For each message, or for each 4 KiB where there are none.
    double systemCallsPerUnit = 0;
    double switchesPerUnit = 0;
    double busyShare = 0;   // of the receiver's CPU, by the receiver
    double othersShare = 0; // of the receiver's CPU, by others
    double generatorBusyShare = 0;
    double sentPerSecond = 0; // messages
    double lateShare = 0;     // of them
    double refusedPerSecond = 0;
    double worstLateMs = 0;
    double roundsPerSecond = 0; // of the compute job
    double roundsPerCpuSecond = 0;
    double residentShare = 0;
};

Figures figuresOf(const RunResult& run);

/// Of each figure by itself; the lower of the two in the middle.
Figures mediansOf(const std::vector<Figures>& runs);

/// Every figure with its name, for those who want them all.
struct NamedFigure
{
    const char* name;
    double Figures::*value;
};

const std::vector<NamedFigure>& namedFigures();

} // namespace weft::bench
