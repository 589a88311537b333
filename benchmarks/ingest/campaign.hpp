#pragma once

#include "cases.hpp"
#include "figures.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <ingest_result.hpp>
#include <load/run.hpp>

namespace weft::bench
{

/// All runs of one receiver in one case.
struct ReceiverRuns
{
    std::string receiver;
    std::vector<RunResult> results;
    std::vector<Figures> figures; // of those that were measured
    Figures medians;
};

struct CaseRuns
{
    Case what;
    std::vector<ReceiverRuns> receivers;
    /// How late bare sleeps on the receiver's CPU ended, before each round of the receivers;
    /// nothing where latency is not measured.
    std::optional<tools::LatencySummary> sleepsLate;
};

/// Runs each receiver of the case `repetitions` times, in turn, beginning with another one each
/// time. Tells on standard error what goes wrong. Throws std::system_error.
CaseRuns runCase(const Case& what, std::size_t repetitions,
                 const std::function<void()>& whileWaiting);

} // namespace weft::bench
