#pragma once

#include <optional>
#include <string>
#include <string_view>

/// \file
/// What the kernel says about control groups, in its files' words. Empty: no quota, or no such
/// text.

namespace weft
{

/// A group of the process that may limit its CPUs.
struct CgroupMembership
{
    int version = 2;
    /// From the mount point on: "/jobs/7".
    std::string path;
};

/// A line of /proc/self/cgroup: HIERARCHY:CONTROLLERS:PATH. Version 2 has hierarchy 0 and no
/// controllers (cgroups(7)); of version 1 only the group of the controller `cpu` counts.
std::optional<CgroupMembership> parseCgroupLine(std::string_view line);

/// The quota in CPUs, more than zero. "QUOTA PERIOD" in microseconds, or "max PERIOD" for none
/// (cgroup-v2.rst, cpu.max).
std::optional<double> parseCpuMax(std::string_view line);

/// The same of version 1's two files, of which the first is -1 for none (sched-bwc.rst).
std::optional<double> parseCpuCfs(std::string_view quotaLine, std::string_view periodLine);

} // namespace weft
