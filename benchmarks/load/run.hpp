#pragma once

#include "receiver.hpp"
#include "role_process.hpp"
#include "run_board.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace weft::bench
{

enum class RunOutcome : std::uint8_t
{
    Measured,
    Unavailable, // the receiver, here
    Failed,
};

/// What one run has given.
struct RunResult
{
    RunPlan plan;
    RunOutcome outcome = RunOutcome::Failed;
    std::string problem; // of a run that was not measured
    GeneratorReport generator;
    ReceiverReport receiver;
    ComputeReport compute;
    double residentShare = 0; // of the files, in the page cache before the run
};

/// Who receives the lanes of a run.
enum class Processes : std::uint8_t
{
    OneForEachLane,
    OneForAll,
};

/// One run: generator, receiver and compute job, as the plan says, each a process of its own made
/// by executing this program again. Throws std::system_error when that cannot be done.
/// `whileWaiting` is called every few milliseconds; when it throws, the processes are killed.
RunResult runOnce(const RunPlan& plan, const std::function<void()>& whileWaiting = {});

/// One run of several lanes that begin and end together, each with a generator of its own. All
/// results have the same outcome. Of several lanes none can have a compute job.
std::vector<RunResult> runLanes(const std::vector<RunPlan>& plans, Processes processes,
                                const std::function<void()>& whileWaiting = {});

/// The whole life of such a process, whose receivers are these; its exit status.
int playRole(const std::string& role, const std::vector<int>& boards,
             std::span<const ReceiverKind> receivers);

} // namespace weft::bench
