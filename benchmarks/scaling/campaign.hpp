#pragma once

#include "cases.hpp"
#include "progress.hpp"
#include "sample.hpp"
#include "scaling_law.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weft::bench
{

/// All runs of so many reactors in one way.
struct Runs
{
    std::vector<Sample> samples; // of those that were measured
    Sample medians;
};

/// So many reactors: in one process, and each in a process of its own.
struct Point
{
    std::size_t reactors = 1;
    Layout layout;
    Runs oneProcess;
    Runs independent;

    bool isMeasured() const noexcept
    {
        return !oneProcess.samples.empty() && !independent.samples.empty();
    }
};

struct CaseRuns
{
    Case what;
    std::vector<Point> points;
    std::size_t failedRuns = 0;
    std::string unavailable; // why nothing was measured; else empty

    /// The point with one reactor; null: there is none.
    const Point* one() const noexcept;

    /// Whether the point has the same conditions as one reactor: only then its throughput can be
    /// held against n times that of one.
    bool isComparable(const Point& point) const noexcept;

    /// Of one process, over the comparable points.
    std::vector<ScalingPoint> pointsOfLaw() const;
};

/// Throughput of one process beside n times that of one reactor. Empty: there is none.
std::optional<double> efficiencyLinear(const CaseRuns& runs, const Point& point);

/// The same by CPU time for each unit of work: what one reactor takes beside what n take.
std::optional<double> costEfficiencyLinear(const CaseRuns& runs, const Point& point);

// The same two beside as many independent processes.
std::optional<double> efficiencyIndependent(const Point& point);
std::optional<double> costEfficiencyIndependent(const Point& point);

/// Runs each number of reactors in both ways, `repetitions` times, in turn. Tells on standard error
/// what goes wrong. Throws std::system_error, and what `whileWaiting` throws, which is called every
/// few milliseconds.
CaseRuns runCase(const Case& what, const Topology& topology, const Options& options,
                 Progress& progress, const std::function<void()>& whileWaiting);

} // namespace weft::bench
