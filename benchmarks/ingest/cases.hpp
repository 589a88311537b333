#pragma once

#include "options.hpp"

#include <string>
#include <vector>

#include <load/run_plan.hpp>

namespace weft::bench
{

/// What a case is about, which decides which figures are printed.
enum class CaseKind : std::uint8_t
{
    Flood,
    Trickle,
    Mixed,
    Files,
    BesideCompute,
};

/// Runs that are compared with each other: the same work for several receivers.
struct Case
{
    CaseKind kind = CaseKind::Flood;
    std::string title;
    RunPlan plan;         // without the receiver
    bool cached = true;   // files
    bool isBasis = false; // of the cases of its kind that follow
    std::vector<std::string> receivers;
};

/// The workloads' names, in the order of CaseKind.
const std::vector<std::string>& workloadNames();

const std::string& workloadNameOf(CaseKind kind);

/// Everything that the options ask for, on these CPUs.
std::vector<Case> casesOf(const Options& options, int receiverCpu, int generatorCpu);

} // namespace weft::bench
