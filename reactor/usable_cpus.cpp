#include <weft/reactor/usable_cpus.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include <sched.h>

namespace weft
{

namespace
{

namespace fs = std::filesystem;

std::vector<int> affinityMask()
{
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof(set), &set) != 0)
    {
        throw std::system_error(errno, std::system_category(), "cannot read the CPU affinity mask");
    }
    std::vector<int> cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    {
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &set))
        {
            cpus.push_back(cpu);
        }
    }
    return cpus;
}

/// "QUOTA PERIOD" in microseconds, or "max PERIOD" for none (cgroup-v2.rst, cpu.max).
std::optional<double> readQuotaV2(const fs::path& group)
{
    std::ifstream file(group / "cpu.max");
    std::string quota;
    double period = 0;
    if (!(file >> quota >> period) || quota == "max" || period <= 0)
    {
        return std::nullopt;
    }
    return std::strtod(quota.c_str(), nullptr) / period;
}

/// Two files, -1 for none (sched-bwc.rst).
std::optional<double> readQuotaV1(const fs::path& group)
{
    std::ifstream quotaFile(group / "cpu.cfs_quota_us");
    std::ifstream periodFile(group / "cpu.cfs_period_us");
    double quota = 0;
    double period = 0;
    if (!(quotaFile >> quota) || !(periodFile >> period) || quota <= 0 || period <= 0)
    {
        return std::nullopt;
    }
    return quota / period;
}

/// The tightest quota from the group up to the mount point.
template <typename Read>
std::optional<double> tightest(const fs::path& mount, const fs::path& group, Read read)
{
    std::optional<double> quota;
    for (auto path = group.relative_path();; path = path.parent_path())
    {
        if (const auto here = read(mount / path))
        {
            quota = std::min(quota.value_or(*here), *here);
        }
        if (path.empty())
        {
            return quota;
        }
    }
}

bool listsController(const std::string& controllers, std::string_view wanted)
{
    std::istringstream list(controllers);
    for (std::string name; std::getline(list, name, ',');)
    {
        if (name == wanted)
        {
            return true;
        }
    }
    return false;
}

/// The lines of /proc/self/cgroup are HIERARCHY:CONTROLLERS:PATH; version 2 has hierarchy 0 and no
/// controllers (cgroups(7)).
std::optional<double> cgroupQuota(const fs::path& root)
{
    std::ifstream groups(root / "proc/self/cgroup");
    std::optional<double> quota;
    for (std::string line; std::getline(groups, line);)
    {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (second == std::string::npos)
        {
            continue;
        }
        const auto controllers = line.substr(first + 1, second - first - 1);
        const fs::path group = line.substr(second + 1);
        std::optional<double> found;
        if (controllers.empty())
        {
            found = tightest(root / "sys/fs/cgroup", group, readQuotaV2);
        }
        else if (listsController(controllers, "cpu"))
        {
            found = tightest(root / "sys/fs/cgroup/cpu", group, readQuotaV1);
        }
        if (found)
        {
            quota = std::min(quota.value_or(*found), *found);
        }
    }
    return quota;
}

} // namespace

std::size_t UsableCpus::reactorCount() const noexcept
{
    auto count = std::max<std::size_t>(cpus.size(), 1);
    if (quota)
    {
        count =
            std::min(count, std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(*quota))));
    }
    return count;
}

UsableCpus findUsableCpus(const fs::path& root)
{
    return {.cpus = affinityMask(), .quota = cgroupQuota(root)};
}

} // namespace weft
