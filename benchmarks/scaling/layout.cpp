#include "layout.hpp"

#include <weft/reactor/usable_cpus.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

namespace weft::bench
{

namespace
{

int readNumber(int cpu, const char* name)
{
    std::ifstream file(fmt::format("/sys/devices/system/cpu/cpu{}/topology/{}", cpu, name));
    int number = -1;
    return file >> number ? number : -1;
}

/// A number that the CPUs of one core have in common; its own when the machine does not tell.
int coreOf(int cpu)
{
    constexpr int CoresMost = 1 << 16;
    const int package = readNumber(cpu, "physical_package_id");
    const int core = readNumber(cpu, "core_id");
    return package < 0 || core < 0 ? -1 - cpu : package * CoresMost + core;
}

std::set<int> coresOf(const Topology& topology, const std::vector<int>& cpus)
{
    std::set<int> cores;
    for (const auto& cpu : topology.cpus)
    {
        if (std::ranges::find(cpus, cpu.number) != cpus.end())
        {
            cores.insert(cpu.core);
        }
    }
    return cores;
}

void placeGenerators(Layout& layout, const Topology& topology, GeneratorWish wish)
{
    const auto lanes = layout.receiverCpus.size();
    if (!wish.any)
    {
        layout.generatorCpus = layout.receiverCpus; // for nobody
        return;
    }
    if (wish.shared || 2 * lanes > topology.usable)
    {
        layout.generators = GeneratorPlace::Shared;
        layout.generatorCpus = layout.receiverCpus;
        return;
    }
    for (std::size_t lane = 0; lane < lanes; ++lane)
    {
        layout.generatorCpus.push_back(topology.cpus[topology.cpus.size() - 1 - lane].number);
    }
    auto all = coresOf(topology, layout.receiverCpus);
    const auto own = coresOf(topology, layout.generatorCpus);
    const auto apart = all.size() + own.size();
    all.insert(own.begin(), own.end());
    layout.generators = all.size() == apart ? GeneratorPlace::OwnCores : GeneratorPlace::OwnThreads;
}

} // namespace

Topology findTopology()
{
    const auto found = findUsableCpus();
    std::vector<Cpu> cpus;
    for (const int cpu : found.cpus)
    {
        cpus.push_back({.number = cpu, .core = coreOf(cpu)});
    }
    return {.cpus = oneOfEachCoreFirst(cpus),
            .usable = std::clamp<std::size_t>(found.reactorCount(), 1, cpus.size())};
}

std::vector<Cpu> oneOfEachCoreFirst(const std::vector<Cpu>& cpus)
{
    std::map<int, std::size_t> seen;
    std::vector<std::pair<std::size_t, Cpu>> ordered; // by which of its core's threads it is
    for (const auto& cpu : cpus)
    {
        ordered.emplace_back(seen[cpu.core]++, cpu);
    }
    std::ranges::stable_sort(ordered, {}, &std::pair<std::size_t, Cpu>::first);
    std::vector<Cpu> result;
    for (const auto& [turn, cpu] : ordered)
    {
        result.push_back(cpu);
    }
    return result;
}

const char* toString(GeneratorPlace place) noexcept
{
    switch (place)
    {
    case GeneratorPlace::None:
        return "none";
    case GeneratorPlace::OwnCores:
        return "own cores";
    case GeneratorPlace::OwnThreads:
        return "own CPUs, shared cores";
    case GeneratorPlace::Shared:
        break;
    }
    return "shared CPUs";
}

Layout layOut(const Topology& topology, std::size_t reactors, GeneratorWish wish)
{
    Layout layout;
    for (std::size_t lane = 0; lane < reactors; ++lane)
    {
        layout.receiverCpus.push_back(topology.cpus[lane % topology.cpus.size()].number);
    }
    layout.beyondCores = reactors > topology.usable;
    layout.reactorsOnCores = coresOf(topology, layout.receiverCpus).size() == reactors;
    placeGenerators(layout, topology, wish);
    return layout;
}

std::vector<std::size_t> defaultReactorCounts(const Topology& topology)
{
    std::vector<std::size_t> counts;
    for (std::size_t power = 1; power < topology.usable; power *= 2)
    {
        counts.push_back(power);
        if (const auto between = power + power / 2; between > power && between < topology.usable)
        {
            counts.push_back(between);
        }
    }
    counts.push_back(topology.usable);
    return counts;
}

} // namespace weft::bench
