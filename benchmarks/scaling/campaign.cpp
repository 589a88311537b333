#include "campaign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <list>
#include <system_error>
#include <utility>

#include <load/test_files.hpp>

namespace weft::bench
{

namespace
{

/// Removed at the end, if it is empty then.
struct LaneDirectories
{
    ~LaneDirectories()
    {
        std::error_code ignored;
        std::filesystem::remove(path, ignored);
    }

    const std::string path;
};

/// The files of all lanes of a case, which every run reads. None if the case is not about files.
class LaneFiles
{
public:
    LaneFiles(const Case& what, const Layout& largest, const Options& options, Progress& progress,
              const std::function<void()>& whileWaiting)
        : directories{options.directory}
    {
        const auto lanes =
            what.lane.files ? lanesOf(what, largest, options) : std::vector<RunPlan>{};
        for (const auto& lane : lanes)
        {
            progress.show(fmt::format("files: writing those of reactor {} of {}", files.size() + 1,
                                      lanes.size()));
            whileWaiting();
            files.emplace_back(lane);
            files.back().warm();
        }
    }

    /// Of the lane that has the fewest pages there; 1 without files.
    double residentShare() const
    {
        double share = 1;
        for (const auto& own : files)
        {
            share = std::min(share, own.residentShare());
        }
        return share;
    }

private:
    const LaneDirectories directories; // goes last
    std::list<TestFiles> files;
};

const char* toString(Processes processes) noexcept
{
    return processes == Processes::OneForAll ? "one process" : "a process for each reactor";
}

class CaseCampaign
{
public:
    CaseCampaign(const Case& what, const Topology& topology, const Options& givenOptions,
                 Progress& givenProgress, const std::function<void()>& waiting)
        : options(givenOptions),
          progress(givenProgress),
          whileWaiting(waiting),
          runs{.what = what, .points = {}}
    {
        const GeneratorWish wish{.any = !what.lane.files, .shared = options.generators == "shared"};
        for (const auto count : options.reactors)
        {
            runs.points.push_back({.reactors = count, .layout = layOut(topology, count, wish)});
        }
    }

    CaseRuns carryOut()
    {
        const LaneFiles files(runs.what, runs.points.back().layout, options, progress,
                              whileWaiting);
        for (std::size_t repetition = 0; repetition < options.repetitions; ++repetition)
        {
            repeat(repetition);
        }
        progress.clear();
        if (const auto share = files.residentShare(); share < 1)
        {
            fmt::print(stderr, "weft-bench-scaling: {:.0f} % of the files left the page cache\n",
                       100 * (1 - share));
        }
        for (auto& point : runs.points)
        {
            point.oneProcess.medians = mediansOf(point.oneProcess.samples);
            point.independent.medians = mediansOf(point.independent.samples);
        }
        return std::move(runs);
    }

private:
    /// Which way and which number goes first changes with each repetition.
    void repeat(std::size_t repetition)
    {
        for (std::size_t turn = 0; turn < runs.points.size(); ++turn)
        {
            auto& point = runs.points[(repetition + turn) % runs.points.size()];
            auto first = Processes::OneForAll;
            auto second = Processes::OneForEachLane;
            if (repetition % 2 != 0)
            {
                std::swap(first, second);
            }
            runPoint(point, first, repetition);
            runPoint(point, second, repetition);
        }
    }

    void runPoint(Point& point, Processes processes, std::size_t repetition)
    {
        if (!runs.unavailable.empty())
        {
            return;
        }
        progress.show(fmt::format("{}: repetition {} of {}, reactors: {}, {}", runs.what.name,
                                  repetition + 1, options.repetitions, point.reactors,
                                  toString(processes)));
        const auto results =
            runLanes(lanesOf(runs.what, point.layout, options), processes, whileWaiting);
        const auto& first = results.front();
        if (first.outcome == RunOutcome::Measured)
        {
            auto& own = processes == Processes::OneForAll ? point.oneProcess : point.independent;
            own.samples.push_back(sampleOf(runs.what, point.layout, results));
            return;
        }
        progress.clear();
        fmt::print(
            stderr, "weft-bench-scaling: {}, reactors: {}, {}: {}{}\n", runs.what.name,
            point.reactors, toString(processes),
            first.outcome == RunOutcome::Failed ? "FAILED: " : "not available: ", first.problem);
        if (first.outcome == RunOutcome::Failed)
        {
            ++runs.failedRuns;
        }
        else
        {
            runs.unavailable = first.problem;
        }
    }

    const Options& options;
    Progress& progress;
    const std::function<void()>& whileWaiting;
    CaseRuns runs;
};

/// Empty when a busy machine left nothing to measure.
std::optional<double> ratio(double value, double basis)
{
    return value > 0 && basis > 0 ? std::optional(value / basis) : std::nullopt;
}

} // namespace

const Point* CaseRuns::one() const noexcept
{
    const auto found = std::ranges::find(points, std::size_t{1}, &Point::reactors);
    return found != points.end() && found->isMeasured() ? &*found : nullptr;
}

bool CaseRuns::isComparable(const Point& point) const noexcept
{
    const auto* const single = one();
    return single != nullptr && point.isMeasured() && !point.layout.beyondCores &&
           point.layout.reactorsOnCores && point.layout.generators == single->layout.generators;
}

std::vector<ScalingPoint> CaseRuns::pointsOfLaw() const
{
    std::vector<ScalingPoint> chosen;
    for (const auto& point : points)
    {
        if (isComparable(point))
        {
            chosen.push_back({point.reactors, point.oneProcess.medians.throughput});
        }
    }
    return chosen;
}

std::optional<double> efficiencyLinear(const CaseRuns& runs, const Point& point)
{
    const auto* const single = runs.one();
    return single == nullptr
               ? std::nullopt
               : ratio(point.oneProcess.medians.throughput,
                       static_cast<double>(point.reactors) * single->oneProcess.medians.throughput);
}

std::optional<double> costEfficiencyLinear(const CaseRuns& runs, const Point& point)
{
    const auto* const single = runs.one();
    return single == nullptr ? std::nullopt
                             : ratio(single->oneProcess.medians.cpuSecondsPerUnit,
                                     point.oneProcess.medians.cpuSecondsPerUnit);
}

std::optional<double> efficiencyIndependent(const Point& point)
{
    return ratio(point.oneProcess.medians.throughput, point.independent.medians.throughput);
}

std::optional<double> costEfficiencyIndependent(const Point& point)
{
    return ratio(point.independent.medians.cpuSecondsPerUnit,
                 point.oneProcess.medians.cpuSecondsPerUnit);
}

CaseRuns runCase(const Case& what, const Topology& topology, const Options& options,
                 Progress& progress, const std::function<void()>& whileWaiting)
{
    return CaseCampaign(what, topology, options, progress, whileWaiting).carryOut();
}

} // namespace weft::bench
