#include <weft/reactor/cgroup_text.hpp>
#include <weft/reactor/usable_cpus.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
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

/// Empty when there is no such file.
std::string readLine(const fs::path& path)
{
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::optional<double> readQuotaV2(const fs::path& group)
{
    return parseCpuMax(readLine(group / "cpu.max"));
}

std::optional<double> readQuotaV1(const fs::path& group)
{
    return parseCpuCfs(readLine(group / "cpu.cfs_quota_us"), readLine(group / "cpu.cfs_period_us"));
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

std::optional<double> cgroupQuota(const fs::path& root)
{
    std::ifstream groups(root / "proc/self/cgroup");
    std::optional<double> quota;
    for (std::string line; std::getline(groups, line);)
    {
        const auto member = parseCgroupLine(line);
        if (!member)
        {
            continue;
        }
        const auto found = member->version == 2
                               ? tightest(root / "sys/fs/cgroup", member->path, readQuotaV2)
                               : tightest(root / "sys/fs/cgroup/cpu", member->path, readQuotaV1);
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
        // Compared before it becomes a whole number, which a quota of any size need not fit.
        const auto whole = std::max(std::ceil(*quota), 1.0);
        count = whole < static_cast<double>(count) ? static_cast<std::size_t>(whole) : count;
    }
    return count;
}

UsableCpus findUsableCpus(const fs::path& root)
{
    return {.cpus = affinityMask(), .quota = cgroupQuota(root)};
}

} // namespace weft
