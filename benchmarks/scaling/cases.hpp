#pragma once

#include "layout.hpp"
#include "options.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <load/run_plan.hpp>

namespace weft::bench
{

enum class Workload : std::uint8_t
{
    Flood,
    Trickle,
    Mixed,
    Files,
};

/// A workload whose work grows with the reactors: each has a lane of the same sort.
struct Case
{
    Workload workload = Workload::Flood;
    std::string name;
    std::string title;
    RunPlan lane; // without its CPUs and its directory
};

const std::vector<std::string>& workloadNames();

/// Everything that the options ask for.
std::vector<Case> casesOf(const Options& options);

/// The lanes of a run on these CPUs.
std::vector<RunPlan> lanesOf(const Case& what, const Layout& layout, const Options& options);

/// What throughput is counted in, and what CPU time is given for.
struct Unit
{
    const char* throughput;
    const char* cost;
};

Unit unitOf(Workload workload) noexcept;

} // namespace weft::bench
