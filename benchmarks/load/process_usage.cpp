#include "process_usage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace weft::bench
{

namespace
{

std::int64_t toNs(const timeval& time) noexcept
{
    return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_usec * std::int64_t{1000};
}

/// All of /proc/stat's columns but idle and iowait.
std::int64_t busyNs(std::span<const int> cpus)
{
    std::ifstream file("/proc/stat");
    std::vector<std::string> names;
    for (const int cpu : cpus)
    {
        names.push_back(fmt::format("cpu{}", cpu));
    }
    std::int64_t ticks = 0;
    for (std::string word; file >> word;)
    {
        if (std::ranges::find(names, word) == names.end())
        {
            std::getline(file, word);
            continue;
        }
        std::int64_t user = 0;
        std::int64_t nice = 0;
        std::int64_t system = 0;
        std::int64_t idle = 0;
        std::int64_t ioWait = 0;
        std::int64_t interrupts = 0;
        std::int64_t softInterrupts = 0;
        std::int64_t steal = 0;
        file >> user >> nice >> system >> idle >> ioWait >> interrupts >> softInterrupts >> steal;
        std::getline(file, word);
        ticks += user + nice + system + interrupts + softInterrupts + steal;
    }
    return ticks * (1'000'000'000 / ::sysconf(_SC_CLK_TCK));
}

} // namespace

std::int64_t privateMemoryBytes()
{
    std::ifstream file("/proc/self/smaps_rollup");
    std::int64_t bytes = 0;
    for (std::string line; std::getline(file, line);)
    {
        if (line.starts_with("Private_Clean:") || line.starts_with("Private_Dirty:"))
        {
            bytes += std::strtoll(line.c_str() + line.find(':') + 1, nullptr, 10) * 1024;
        }
    }
    return bytes;
}

ProcessUsage usageOfProcess(std::span<const int> cpus)
{
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return {.cpuUserNs = toNs(usage.ru_utime),
            .cpuSystemNs = toNs(usage.ru_stime),
            .contextSwitchesVoluntary = static_cast<std::uint64_t>(usage.ru_nvcsw),
            .contextSwitchesForced = static_cast<std::uint64_t>(usage.ru_nivcsw),
            .busyOnCpuNs = busyNs(cpus)};
}

} // namespace weft::bench
