#include "machine.hpp"

#include <weft/reactor/usable_cpus.hpp>

#include <boost/version.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <string_view>

#include <sys/utsname.h>
#include <unistd.h>

namespace weft::bench
{

namespace
{

std::string firstLine(const char* path)
{
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::string processorName()
{
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
    {
        if (line.starts_with("model name"))
        {
            return line.substr(line.find(':') + 2);
        }
    }
    return "unknown";
}

std::uint64_t memoryBytes()
{
    return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
           static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace

std::vector<std::pair<std::string, std::string>> describeMachine()
{
    utsname names{};
    ::uname(&names);
    return {
        {"processor", fmt::format("{}, {} CPUs", processorName(), findUsableCpus().cpus.size())},
        {"memory", fmt::format("{:.1f} GiB", static_cast<double>(memoryBytes()) / (1ULL << 30))},
        {"kernel", fmt::format("{} {}", names.sysname, names.release)},
        {"compiler", __VERSION__},
        {"boost", fmt::format("{}.{}.{}", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
                              BOOST_VERSION % 100)},
        {"tcp_congestion", firstLine("/proc/sys/net/ipv4/tcp_congestion_control")},
        {"tcp_rmem", firstLine("/proc/sys/net/ipv4/tcp_rmem")},
        {"tcp_wmem", firstLine("/proc/sys/net/ipv4/tcp_wmem")},
        {"load before", firstLine("/proc/loadavg")},
    };
}

} // namespace weft::bench
