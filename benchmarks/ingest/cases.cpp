#include "cases.hpp"

#include "receiver_kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace weft::bench
{

namespace
{

constexpr std::uint64_t MiB = 1 << 20;

RunPlan basicPlan(const Options& options, int receiverCpu, int generatorCpu)
{
    RunPlan plan;
    plan.windowNs = static_cast<std::int64_t>(options.seconds * 1e9);
    plan.receiverCpu = receiverCpu;
    plan.generatorCpu = generatorCpu;
    plan.niceness = options.niceness;
    return plan;
}

/// Long enough for buffers of sockets to have grown to the size that they keep.
std::int64_t warmUpNs(const RunPlan& plan, bool quick)
{
    constexpr std::int64_t Least = 300'000'000;
    constexpr std::int64_t LeastQuick = 100'000'000;
    constexpr std::int64_t ForEachSource = 70'000;
    return (quick ? LeastQuick : Least) + ForEachSource * static_cast<std::int64_t>(plan.sources());
}

std::vector<std::uint32_t> orDefault(const std::vector<std::uint32_t>& given,
                                     std::vector<std::uint32_t> ours)
{
    return given.empty() ? ours : given;
}

class CaseList
{
public:
    CaseList(const Options& givenOptions, RunPlan basicPlan)
        : options(givenOptions),
          basis(basicPlan)
    {
    }

    void addFlood()
    {
        for (const auto connections : orDefault(options.connections, {1, 100, 1000, 10000}))
        {
            auto plan = basis;
            plan.floodSources = connections;
            add(CaseKind::Flood, fmt::format("flood, {} connections", connections), plan);
        }
    }

    void addTrickle()
    {
        for (const auto connections : orDefault(options.connections, {100, 1000, 10000}))
        {
            for (std::size_t index = 0; index < options.flushesNs.size(); ++index)
            {
                auto plan = basis;
                plan.slowSources = connections;
                plan.messagesPerSecond = options.rate;
                plan.flushNs = options.flushesNs[index];
                add(CaseKind::Trickle,
                    fmt::format("trickle, {} messages/s over {} connections, flush {}",
                                options.rate, connections, options.flushTexts[index]),
                    plan);
            }
        }
    }

    void addMixed()
    {
        constexpr double RateOfEach = 10;
        for (const auto connections : orDefault(options.connections, {1000}))
        {
            for (const std::uint32_t flooding : {0U, 1U})
            {
                auto plan = basis;
                plan.floodSources = flooding;
                plan.slowSources = std::max(connections, 2U) - 1;
                plan.messagesPerSecond = RateOfEach * plan.slowSources;
                plan.flushNs = 0;
                add(CaseKind::Mixed,
                    fmt::format("mixed, {} connections at {} messages/s each, {} flood",
                                plan.slowSources, RateOfEach, flooding == 0 ? "no" : "and a"),
                    plan);
                cases.back().isBasis = flooding == 0;
            }
        }
    }

    void addFiles()
    {
        for (const auto files : orDefault(options.connections, {1, 100}))
        {
            for (const bool cached : {true, false})
            {
                auto plan = basis;
                plan.files = true;
                plan.floodSources = files;
                // Not a multiple of the buffer, so that the last one is partly filled.
                plan.fileBytes = options.filesMiB * MiB / files - 100;
                std::strncpy(plan.directory, options.directory.c_str(), sizeof(plan.directory) - 1);
                add(CaseKind::Files,
                    fmt::format("files, {}, {} MiB in all, {} the page cache", files,
                                options.filesMiB, cached ? "in" : "out of"),
                    plan);
                cases.back().cached = cached;
            }
        }
    }

    void addBesideCompute()
    {
        const auto counts = orDefault(options.connections, {1, 10, 100, 1000, 10000});
        const auto most = std::ranges::max(counts);
        auto alone = basis;
        alone.computeBeside = true;
        add(CaseKind::BesideCompute, "compute job, alone", alone);
        cases.back().receivers = {"none"};
        cases.back().isBasis = true;
        for (const auto connections : counts)
        {
            auto plan = alone;
            plan.slowSources = connections;
            plan.messagesPerSecond = options.rate * connections / most;
            plan.flushNs = options.flushesNs.back();
            add(CaseKind::BesideCompute,
                fmt::format("beside compute, {} messages/s over {} connections, flush {}",
                            plan.messagesPerSecond, connections, options.flushTexts.back()),
                plan);
        }
    }

    std::vector<Case> take()
    {
        return std::move(cases);
    }

private:
    void add(CaseKind kind, std::string title, RunPlan plan)
    {
        plan.warmUpNs = warmUpNs(plan, options.quick);
        Case added{.kind = kind, .title = std::move(title), .plan = plan, .receivers = {}};
        for (const auto& receiver : receiverKinds())
        {
            const bool wanted =
                options.receivers.empty() ||
                std::ranges::find(options.receivers, receiver.name) != options.receivers.end();
            const auto function = plan.files ? receiver.readFiles : receiver.receiveStreams;
            if (wanted && function != nullptr)
            {
                added.receivers.emplace_back(receiver.name);
            }
        }
        cases.push_back(std::move(added));
    }

    const Options& options;
    const RunPlan basis;
    std::vector<Case> cases;
};

} // namespace

const std::vector<std::string>& workloadNames()
{
    static const std::vector<std::string> names{"flood", "trickle", "mixed", "files",
                                                "beside-compute"};
    return names;
}

const std::string& workloadNameOf(CaseKind kind)
{
    return workloadNames().at(static_cast<std::size_t>(kind));
}

std::vector<Case> casesOf(const Options& options, int receiverCpu, int generatorCpu)
{
    CaseList list(options, basicPlan(options, receiverCpu, generatorCpu));
    const auto wanted = [&options](const char* name)
    {
        return std::ranges::find(options.workloads, name) != options.workloads.end();
    };
    if (wanted("flood"))
    {
        list.addFlood();
    }
    if (wanted("trickle"))
    {
        list.addTrickle();
    }
    if (wanted("mixed"))
    {
        list.addMixed();
    }
    if (wanted("files"))
    {
        list.addFiles();
    }
    if (wanted("beside-compute"))
    {
        list.addBesideCompute();
    }
    return list.take();
}

} // namespace weft::bench
