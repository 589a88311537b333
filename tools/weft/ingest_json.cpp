#include "ingest_summary.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace weft::tools
{

namespace
{

using nlohmann::json;

json sourceJson(const SourceResult& source)
{
    json object{
        {"name", source.name},
        {"type", source.type},
        {"endpoint", source.endpoint},
        {"bytes", source.bytes},
        {"buffers", source.buffers},
        {"opens", source.opens},
        {"retries", source.retries},
        {"buffer_waits", source.bufferWaits},
        {"buffer_wait_seconds", seconds(source.bufferWaitTotal)},
        {"buffer_wait_longest_seconds", seconds(source.bufferWaitLongest)},
        {"buffers_in_flight", source.buffersInFlight},
        {"buffers_dropped", source.buffersDropped},
        {"messages_lost", source.messagesLost},
        {"state", toString(source.state)},
        {"error", nullptr},
    };
    if (source.listens)
    {
        object["connections"] = {{"accepted", source.connectionsAccepted},
                                 {"failed", source.connectionsFailed},
                                 {"accept_failures", source.acceptFailures},
                                 {"error", nullptr}};
        if (!source.connectionError.empty())
        {
            object["connections"]["error"] = source.connectionError;
        }
    }
    if (!source.error.empty())
    {
        object["error"] = source.error;
    }
    if (source.checksum)
    {
        // As text: not every reader of JSON keeps 64 bits of a number.
        object["checksum"] = fmt::format("{:016x}", *source.checksum);
    }
    return object;
}

json engineJson(const ReactorStatistics& reactor)
{
    const auto& engine = reactor.engine;
    return {
        {"name", reactor.engineName},
        {"fallback_reason", reactor.engineFallbackReason},
        {"system_calls", engine.systemCalls},
        {"operations", engine.operations},
        {"completions", engine.completions},
        {"cancellations", engine.cancellations},
        {"queued_operations", engine.queuedOperations},
        {"completion_overflows", engine.completionOverflows},
        {"wake_ups", engine.wakeUps},
    };
}

json bufferJson(const IoBufferPoolStatistics& buffers)
{
    return {
        {"total", buffers.total},
        {"high_water", buffers.highWater},
        {"acquisitions", buffers.acquisitions},
        {"waited_for", buffers.grants},
        {"limited", buffers.limited},
    };
}

json reactorJson(const ReactorStatistics& reactor)
{
    json object{
        {"index", reactor.index},
        {"cpu", nullptr},
        {"cpu_seconds", seconds(reactor.cpuTime)},
        {"running_seconds", seconds(reactor.running)},
        {"engine", engineJson(reactor)},
        {"buffers", bufferJson(reactor.buffers)},
        {"stacks_high_water", json::object()},
    };
    if (reactor.cpu)
    {
        object["cpu"] = *reactor.cpu;
    }
    for (const auto stackClass : StackClasses)
    {
        object["stacks_high_water"][std::string(toString(stackClass))] =
            reactor.stacks[static_cast<std::size_t>(stackClass)].highWater;
    }
    return object;
}

json latencyJson(const LatencySummary& latency)
{
    return {
        {"p50_ns", latency.p50.count()},
        {"p99_ns", latency.p99.count()},
        {"p999_ns", latency.p999.count()},
        {"max_ns", latency.max.count()},
    };
}

json totalsJson(const IngestResult& result)
{
    const auto wall = std::max(seconds(result.wallTime), 1e-9);
    return {
        {"sources", result.sources.size()},
        {"ended", result.count(SourceState::Ended)},
        {"stopped", result.count(SourceState::Stopped)},
        {"failed", result.count(SourceState::Failed)},
        {"bytes", result.bytes()},
        {"buffers", result.buffers()},
        {"retries", result.retries()},
        {"buffers_dropped", result.buffersDropped()},
        {"messages_lost", result.messagesLost()},
        {"bytes_per_second", static_cast<double>(result.bytes()) / wall},
        {"buffers_per_second", static_cast<double>(result.buffers()) / wall},
    };
}

} // namespace

json toJson(const IngestResult& result, WatchEnd end)
{
    json object{
        {"end", endName(result, end)},
        {"wall_seconds", seconds(result.wallTime)},
        {"totals", totalsJson(result)},
        {"latency", nullptr},
        {"cpu_user_seconds", seconds(result.usage.cpuUser)},
        {"cpu_system_seconds", seconds(result.usage.cpuSystem)},
        {"memory_peak_bytes", result.usage.memoryPeakBytes},
        {"threads",
         {{"total", result.threads.total()},
          {"reactors", result.threads.reactors},
          {"workers", result.threads.workers},
          {"offload", result.threads.offload},
          {"sources", result.threads.sources}}},
        {"reactors", json::array()},
        {"sources", json::array()},
    };
    if (result.buffers() > 0)
    {
        object["latency"] = latencyJson(result.latency);
    }
    for (const auto& reactor : result.reactors)
    {
        object["reactors"].push_back(reactorJson(reactor));
    }
    for (const auto& source : result.sources)
    {
        object["sources"].push_back(sourceJson(source));
    }
    return object;
}

} // namespace weft::tools
