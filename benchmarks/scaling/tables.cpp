#include "tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace weft::bench
{

namespace
{

struct Column
{
    std::string name;
    std::string value;
};

std::string number(double value, int decimals)
{
    return fmt::format("{:.{}f}", value, decimals);
}

std::string number(std::optional<double> value, int decimals, bool comparable)
{
    return value ? number(*value, decimals) + (comparable ? "" : "*") : "-";
}

std::vector<Column> columnsOf(const CaseRuns& runs, const Point& point)
{
    const auto& one = point.oneProcess.medians;
    const auto& many = point.independent.medians;
    const bool comparable = runs.isComparable(point);
    const bool messages = runs.what.workload == Workload::Trickle;
    const bool timed = messages || runs.what.workload == Workload::Mixed;
    const auto unit = unitOf(runs.what.workload);
    std::vector<Column> columns{
        {"reactors", fmt::format("{}", point.reactors)},
        {unit.throughput, number(one.throughput, messages ? 0 : 2)},
        {"n processes", number(many.throughput, messages ? 0 : 2)},
        {"of linear", number(efficiencyLinear(runs, point), 2, comparable)},
        {"of n proc.", number(efficiencyIndependent(point), 2, !point.layout.beyondCores)},
        {messages ? "CPU s/M" : "CPU s/GiB", number(one.cpuSecondsPerUnit, messages ? 2 : 3)},
        {"n processes", number(many.cpuSecondsPerUnit, messages ? 2 : 3)},
        {"of linear", number(costEfficiencyLinear(runs, point), 2, comparable)},
        {"of n proc.", number(costEfficiencyIndependent(point), 2, !point.layout.beyondCores)}};
    if (timed)
    {
        columns.push_back({"p99 ms", number(one.p99Ms, 3)});
        columns.push_back({"n processes", number(many.p99Ms, 3)});
    }
    columns.push_back({"wake-ups", number(one.wakeUps, 0)});
    columns.push_back({"busy %", number(100 * one.busyShare, 0)});
    columns.push_back(
        {"others %", point.layout.beyondCores ? "-" : number(100 * one.othersShare, 0)});
    return columns;
}

std::string notesOf(const Point& point)
{
    std::string notes;
    const auto add = [&notes](const char* note)
    {
        notes += fmt::format("{}{}", notes.empty() ? "" : ", ", note);
    };
    if (point.layout.beyondCores)
    {
        add("BEYOND CORES");
    }
    else if (!point.layout.reactorsOnCores)
    {
        add("reactors share cores");
    }
    if (point.layout.generators != GeneratorPlace::None)
    {
        add(fmt::format("generators: {}", toString(point.layout.generators)).c_str());
    }
    return notes;
}

void printLaw(const CaseRuns& runs)
{
    const auto points = runs.pointsOfLaw();
    const auto law = fitScalingLaw(points);
    if (!law)
    {
        fmt::print("  universal scalability law: not fitted: {} points, {} are needed\n",
                   points.size(), ScalingLaw::PointsLeast);
        return;
    }
    const auto peak = law->peakReactors();
    fmt::print("  universal scalability law: lambda {:.3f} {}, sigma {:.5f}, kappa {:.7f}; {}\n",
               law->lambda, unitOf(runs.what.workload).throughput, law->sigma, law->kappa,
               peak ? fmt::format("most at {:.0f} reactors", *peak) : "no number is too many");
}

/// A generator that was slower than its timetable makes figures of its own.
void printGeneratorFaults(const Point& point)
{
    constexpr double ShareLeast = 0.99;
    if (!point.isMeasured())
    {
        return;
    }
    const auto share =
        std::min(point.oneProcess.medians.sentShare, point.independent.medians.sentShare);
    if (share < ShareLeast)
    {
        fmt::print("  reactors {}: the generators did not keep their rate: {:.0f} %\n",
                   point.reactors, 100 * share);
    }
}

bool anyStarred(const CaseRuns& runs)
{
    return runs.one() != nullptr && std::ranges::any_of(runs.points,
                                                        [&runs](const Point& point)
                                                        {
                                                            return point.isMeasured() &&
                                                                   !runs.isComparable(point);
                                                        });
}

} // namespace

void printTable(const CaseRuns& runs)
{
    fmt::print("\n{}\n", runs.what.title);
    if (!runs.unavailable.empty())
    {
        fmt::print("  {}\n", runs.unavailable);
        return;
    }
    bool header = true;
    for (const auto& point : runs.points)
    {
        if (!point.isMeasured())
        {
            fmt::print("  reactors {}: no figures, runs have failed\n", point.reactors);
            continue;
        }
        std::string names;
        std::string values;
        for (const auto& [name, value] : columnsOf(runs, point))
        {
            const auto width = std::max<std::size_t>(name.size(), 9);
            names += fmt::format("  {:>{}}", name, width);
            values += fmt::format("  {:>{}}", value, width);
        }
        fmt::print("{}{}  {}\n", header ? names + "\n" : "", values, notesOf(point));
        header = false;
    }
    if (anyStarred(runs))
    {
        fmt::print(
            "  *: not on the same terms (see the notes), so not a claim, and not in the fit\n");
    }
    printLaw(runs);
    for (const auto& point : runs.points)
    {
        printGeneratorFaults(point);
    }
    std::fflush(stdout);
}

} // namespace weft::bench
