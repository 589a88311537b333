#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

namespace weft
{

/// What the process may really use of the machine.
struct UsableCpus
{
    /// The CPUs of the affinity mask, in ascending order.
    std::vector<int> cpus;
    /// The cgroup's CPU quota in CPUs (1.5 is one and a half); empty when there is none.
    std::optional<double> quota;

    /// How many reactors make sense: one for each CPU, and no more than the quota, rounded up.
    std::size_t reactorCount() const noexcept;
};

/// Reads the affinity mask of the calling thread and the quotas of its cgroup and of all above it
/// (cgroup v2 cpu.max, else v1 cpu.cfs_quota_us). `root` is where /proc and /sys are, for tests.
UsableCpus findUsableCpus(const std::filesystem::path& root = "/");

} // namespace weft
