#pragma once

#include <cstdint>
#include <span>

namespace weft::bench
{

/// Private memory of this process that is resident, in all its mappings.
std::int64_t privateMemoryBytes();

/// What this process has used since it started, and what its CPUs have done since the machine did.
struct ProcessUsage
{
    std::int64_t cpuUserNs = 0;
    std::int64_t cpuSystemNs = 0;
    std::uint64_t contextSwitchesVoluntary = 0;
    std::uint64_t contextSwitchesForced = 0;
    std::int64_t busyOnCpuNs = 0; // everybody's, interrupts included, on those CPUs
};

ProcessUsage usageOfProcess(std::span<const int> cpus);

} // namespace weft::bench
