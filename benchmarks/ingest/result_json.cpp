#include "result_json.hpp"

#include <nlohmann/json.hpp>

#include <load/machine.hpp>

namespace weft::bench
{

namespace
{

nlohmann::ordered_json toJson(const Figures& figures)
{
    nlohmann::ordered_json json;
    for (const auto& [name, value] : namedFigures())
    {
        json[name] = figures.*value;
    }
    return json;
}

nlohmann::ordered_json toJson(const RunResult& run)
{
    nlohmann::ordered_json json;
    if (run.outcome != RunOutcome::Measured)
    {
        json["outcome"] = run.outcome == RunOutcome::Failed ? "failed" : "unavailable";
        json["problem"] = run.problem;
        return json;
    }
    const auto& receiver = run.receiver;
    json = toJson(figuresOf(run));
    json["window_ns"] = receiver.windowNs;
    json["cpu_user_ns"] = receiver.cpuUserNs;
    json["cpu_system_ns"] = receiver.cpuSystemNs;
    json["flood_bytes"] = receiver.floodBytes;
    json["messages"] = receiver.messages;
    json["buffers_handed_on"] = receiver.buffersHandedOn;
    json["system_calls"] = receiver.systemCalls;
    json["context_switches_voluntary"] = receiver.contextSwitchesVoluntary;
    json["context_switches_forced"] = receiver.contextSwitchesForced;
    json["memory_bytes"] = receiver.memoryBytes;
    json["latencies"] = receiver.latencies;
    json["latency_max_ns"] = receiver.latencyMaxNs;
    json["generator_messages"] = run.generator.messages;
    json["generator_late"] = run.generator.messagesLate;
    json["generator_refused"] = run.generator.messagesRefused;
    json["generator_late_total_ns"] = run.generator.totalLateNs;
    return json;
}

nlohmann::ordered_json toJson(const CaseRuns& runs)
{
    const auto& plan = runs.what.plan;
    nlohmann::ordered_json json{{"workload", workloadNameOf(runs.what.kind)},
                                {"cached", runs.what.cached},
                                {"title", runs.what.title},
                                {"flood_sources", plan.floodSources},
                                {"slow_sources", plan.slowSources},
                                {"messages_per_second", plan.messagesPerSecond},
                                {"flush_ns", plan.flushNs},
                                {"files", plan.files},
                                {"file_bytes", plan.fileBytes},
                                {"compute_beside", plan.computeBeside}};
    if (runs.sleepsLate)
    {
        json["sleep_late_p99_ns"] = runs.sleepsLate->p99.count();
        json["sleep_late_worst_ns"] = runs.sleepsLate->max.count();
    }
    for (const auto& own : runs.receivers)
    {
        auto& receiver = json["receivers"][own.receiver];
        receiver["medians"] = toJson(own.medians);
        for (const auto& run : own.results)
        {
            receiver["runs"].push_back(toJson(run));
        }
    }
    return json;
}

} // namespace

nlohmann::ordered_json toJson(const std::vector<CaseRuns>& cases)
{
    nlohmann::ordered_json json;
    for (const auto& [name, value] : describeMachine())
    {
        json["machine"][name] = value;
    }
    for (const auto& runs : cases)
    {
        json["cases"].push_back(toJson(runs));
    }
    return json;
}

} // namespace weft::bench
