#include "cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace weft::bench
{

namespace
{

constexpr std::uint64_t MiB = 1 << 20;

struct WorkloadTraits
{
    const char* name;
    Workload workload;
    std::uint32_t sources; // by default
};

constexpr std::array Workloads{
    WorkloadTraits{"flood", Workload::Flood, 100},
    WorkloadTraits{"trickle", Workload::Trickle, 1000},
    WorkloadTraits{"mixed", Workload::Mixed, 1000},
    WorkloadTraits{"files", Workload::Files, 16},
};

template <std::size_t Size>
void copyText(char (&room)[Size], const std::string& text)
{
    std::strncpy(room, text.c_str(), Size - 1);
}

/// Long enough for buffers of sockets to have grown to the size that they keep.
std::int64_t warmUpNs(const RunPlan& lane, bool quick)
{
    constexpr std::int64_t Least = 300'000'000;
    constexpr std::int64_t LeastQuick = 100'000'000;
    constexpr std::int64_t ForEachSource = 70'000;
    constexpr std::int64_t ForFiles = 20'000'000; // only for all to be asleep when they begin
    return lane.files ? ForFiles
                      : (quick ? LeastQuick : Least) +
                            ForEachSource * static_cast<std::int64_t>(lane.sources());
}

Case makeCase(const WorkloadTraits& traits, std::uint32_t sources, const Options& options)
{
    constexpr double MixedRateOfEach = 10;
    Case made{.workload = traits.workload, .name = traits.name, .title = {}, .lane = {}};
    auto& lane = made.lane;
    copyText(lane.receiver, options.receiver);
    lane.windowNs = static_cast<std::int64_t>(options.seconds * 1e9);
    lane.niceness = options.niceness;
    lane.ownSessions = false;
    switch (traits.workload)
    {
    case Workload::Flood:
        lane.floodSources = sources;
        made.title = fmt::format("flood, {} connections for each reactor", sources);
        break;
    case Workload::Trickle:
        lane.slowSources = sources;
        lane.messagesPerSecond = options.rate;
        lane.flushNs = options.flushNs;
        made.title = fmt::format("trickle, {} messages/s over {} connections for each reactor, "
                                 "flush {}",
                                 options.rate, sources, options.flush);
        break;
    case Workload::Mixed:
        lane.floodSources = 1;
        lane.slowSources = std::max(sources, 2U) - 1;
        lane.messagesPerSecond = MixedRateOfEach * lane.slowSources;
        lane.flushNs = 0;
        made.title = fmt::format("mixed, {} connections at {} messages/s each and a flood for each "
                                 "reactor",
                                 lane.slowSources, MixedRateOfEach);
        break;
    case Workload::Files:
        lane.files = true;
        lane.floodSources = sources;
        // Not a multiple of the buffer, so that the last one is partly filled.
        lane.fileBytes = options.filesMiB * MiB / sources - 100;
        made.title = fmt::format("files, {} of {} MiB in all for each reactor, in the page cache",
                                 sources, options.filesMiB);
        break;
    }
    lane.warmUpNs = warmUpNs(lane, options.quick);
    return made;
}

} // namespace

const std::vector<std::string>& workloadNames()
{
    static const std::vector<std::string> names = []
    {
        std::vector<std::string> all;
        for (const auto& traits : Workloads)
        {
            all.emplace_back(traits.name);
        }
        return all;
    }();
    return names;
}

std::vector<Case> casesOf(const Options& options)
{
    std::vector<Case> cases;
    for (const auto& traits : Workloads)
    {
        if (std::ranges::find(options.workloads, traits.name) == options.workloads.end())
        {
            continue;
        }
        const auto counts = options.sources.empty() ? std::vector{traits.sources} : options.sources;
        for (const auto sources : counts)
        {
            cases.push_back(makeCase(traits, sources, options));
        }
    }
    return cases;
}

std::vector<RunPlan> lanesOf(const Case& what, const Layout& layout, const Options& options)
{
    std::vector<RunPlan> lanes(layout.receiverCpus.size(), what.lane);
    for (std::size_t index = 0; index < lanes.size(); ++index)
    {
        auto& lane = lanes[index];
        lane.receiverCpu = layout.receiverCpus[index];
        lane.generatorCpu = layout.generatorCpus[index];
        lane.generatorSleeps = layout.generators == GeneratorPlace::Shared;
        copyText(lane.directory, fmt::format("{}/{}", options.directory, index));
    }
    return lanes;
}

Unit unitOf(Workload workload) noexcept
{
    return workload == Workload::Trickle ? Unit{"messages/s", "million messages"}
                                         : Unit{"GiB/s", "GiB"};
}

} // namespace weft::bench
