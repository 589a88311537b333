#pragma once

#include "cases.hpp"
#include "figures.hpp"
#include "sleep_probe.hpp"

#include <functional>
#include <string>
#include <vector>

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
    SleepProbe sleeps; // on the receiver's CPU; empty where latency is not measured
};

/// Runs each receiver of the case `repetitions` times, in turn, beginning with another one each
/// time. Tells on standard error what goes wrong. Throws std::system_error.
CaseRuns runCase(const Case& what, std::size_t repetitions,
                 const std::function<void()>& whileWaiting);

} // namespace weft::bench
