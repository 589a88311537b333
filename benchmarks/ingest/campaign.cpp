#include "campaign.hpp"

#include "sleep_probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include <load/test_files.hpp>

namespace weft::bench
{

namespace
{

RunResult runReceiver(const Case& what, const std::string& receiver, const TestFiles* files,
                      const std::function<void()>& whileWaiting)
{
    auto plan = what.plan;
    std::strncpy(plan.receiver, receiver.c_str(), sizeof(plan.receiver) - 1);
    double residentShare = 0;
    if (files != nullptr)
    {
        if (what.cached)
        {
            files->warm();
        }
        else
        {
            files->evict();
        }
        residentShare = files->residentShare();
    }
    auto result = runOnce(plan, whileWaiting);
    result.residentShare = residentShare;
    return result;
}

} // namespace

CaseRuns runCase(const Case& what, std::size_t repetitions,
                 const std::function<void()>& whileWaiting)
{
    CaseRuns runs{.what = what, .receivers = {}, .sleepsLate = {}};
    tools::LatencyHistogram sleepsLate;
    for (const auto& receiver : what.receivers)
    {
        runs.receivers.push_back({.receiver = receiver, .results = {}, .figures = {}});
    }
    std::optional<TestFiles> files;
    if (what.plan.files)
    {
        files.emplace(what.plan);
    }
    for (std::size_t repetition = 0; repetition < repetitions; ++repetition)
    {
        if (what.plan.messagesPerSecond > 0)
        {
            sampleSleeps(what.plan.receiverCpu, sleepsLate);
            runs.sleepsLate = sleepsLate.summary();
        }
        for (std::size_t turn = 0; turn < runs.receivers.size(); ++turn)
        {
            auto& own = runs.receivers[(repetition + turn) % runs.receivers.size()];
            if (!own.results.empty() && own.results.back().outcome == RunOutcome::Unavailable)
            {
                continue;
            }
            auto result = runReceiver(what, own.receiver, files ? &*files : nullptr, whileWaiting);
            if (result.outcome == RunOutcome::Measured)
            {
                own.figures.push_back(figuresOf(result));
            }
            else
            {
                fmt::print(stderr, "weft-bench-ingest: {}: {}: {}{}\n", what.title, own.receiver,
                           result.outcome == RunOutcome::Failed ? "FAILED: " : "not available: ",
                           result.problem);
            }
            own.results.push_back(std::move(result));
        }
    }
    for (auto& own : runs.receivers)
    {
        own.medians = mediansOf(own.figures);
    }
    return runs;
}

} // namespace weft::bench
