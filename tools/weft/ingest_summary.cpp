#include "ingest_summary.hpp"

#include <weft/sources/quantity.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace weft::tools
{

namespace
{

std::string describeDelivery(const IngestResult& result)
{
    const auto dropped = result.buffersDropped();
    return dropped == 0 ? "all buffers delivered"
                        : fmt::format("{} buffers dropped, as their sinks had failed, all others "
                                      "delivered",
                                      dropped);
}

std::string describeEnd(const IngestResult& result, WatchEnd end)
{
    if (end == WatchEnd::GaveUp)
    {
        return "not all buffers delivered";
    }
    const auto failed = result.count(SourceState::Failed);
    const auto total = result.sources.size();
    const auto delivery = describeDelivery(result);
    if (end != WatchEnd::Complete)
    {
        return fmt::format("{} sources stopped, {}{}", result.count(SourceState::Stopped),
                           failed == 0 ? "" : fmt::format("{} failed, ", failed), delivery);
    }
    if (failed == 0)
    {
        return fmt::format("all sources have ended, {}", delivery);
    }
    return failed == total ? fmt::format("no source has ended as it should, {}", delivery)
                           : fmt::format("{} of {} sources failed, {}", failed, total, delivery);
}

std::string describeStates(const IngestResult& result)
{
    return fmt::format("{}: {} ended, {} stopped, {} failed; {} retries", result.sources.size(),
                       result.count(SourceState::Ended), result.count(SourceState::Stopped),
                       result.count(SourceState::Failed), result.retries());
}

std::string describeRates(const IngestResult& result)
{
    const auto wall = std::max(seconds(result.wallTime), 1e-9);
    const auto bytes = static_cast<double>(result.bytes());
    return fmt::format("{}/s, {:.0f} buffers/s",
                       formatSize(static_cast<std::uint64_t>(bytes / wall)),
                       static_cast<double>(result.buffers()) / wall);
}

std::string describeUsage(const IngestResult& result)
{
    const auto& usage = result.usage;
    const auto cpu = usage.cpuUser + usage.cpuSystem;
    return fmt::format("{:.2f} s ({:.2f} s user, {:.2f} s kernel) in {:.2f} s; peak memory {}",
                       seconds(cpu), seconds(usage.cpuUser), seconds(usage.cpuSystem),
                       seconds(result.wallTime), formatSize(usage.memoryPeakBytes));
}

std::string describeThreads(const ThreadCounts& threads)
{
    const auto sources =
        threads.sources == 0 ? "" : fmt::format("{} of sources, ", threads.sources);
    return fmt::format("{}: {} reactors, {} workers, {} offload, {}1 main", threads.total(),
                       threads.reactors, threads.workers, threads.offload, sources);
}

std::string describeLatency(const LatencySummary& latency)
{
    return fmt::format("p50 {}, p99 {}, p99.9 {}, max {}", formatDuration(latency.p50),
                       formatDuration(latency.p99), formatDuration(latency.p999),
                       formatDuration(latency.max));
}

/// Empty when no source had to wait.
std::string describeWaits(const IngestResult& result)
{
    const SourceResult* longest = nullptr;
    std::uint64_t waits = 0;
    for (const auto& source : result.sources)
    {
        waits += source.bufferWaits;
        if (longest == nullptr || source.bufferWaitLongest > longest->bufferWaitLongest)
        {
            longest = &source;
        }
    }
    return waits == 0 ? std::string()
                      : fmt::format("{} of {} buffers were waited for, {} at most (source '{}')",
                                    waits, result.buffers(),
                                    formatDuration(longest->bufferWaitLongest), longest->name);
}

/// Empty when no source knows of any.
std::string describeLosses(const IngestResult& result)
{
    const auto lost = result.messagesLost();
    const auto most = std::ranges::max_element(result.sources, {}, &SourceResult::messagesLost);
    return lost == 0 ? std::string()
                     : fmt::format("{} messages were lost on the way to their sources, {} of them "
                                   "to source '{}'",
                                   lost, most->messagesLost, most->name);
}

/// Empty when the engine is the one that was wanted.
std::string describeFallback(const IngestResult& result)
{
    const auto fallback = std::ranges::find_if(result.reactors,
                                               [](const ReactorStatistics& reactor)
                                               {
                                                   return !reactor.engineFallbackReason.empty();
                                               });
    return fallback == result.reactors.end()
               ? std::string()
               : fmt::format("{}: io_uring cannot be used, as 'weft doctor' explains",
                             fallback->engineName);
}

/// Empty when no source listens.
std::string describeConnections(const IngestResult& result)
{
    std::uint64_t accepted = 0;
    std::uint64_t failed = 0;
    bool listens = false;
    const SourceResult* withError = nullptr;
    for (const auto& source : result.sources)
    {
        listens |= source.listens;
        accepted += source.connectionsAccepted;
        failed += source.connectionsFailed;
        withError = source.connectionError.empty() ? withError : &source;
    }
    if (!listens)
    {
        return {};
    }
    const auto error =
        withError == nullptr
            ? std::string()
            : fmt::format(" (source '{}', last: {})", withError->name, withError->connectionError);
    return fmt::format("{} accepted, {} failed{}", accepted, failed, error);
}

std::string describeFailures(const IngestResult& result, std::size_t failuresMax)
{
    std::string text;
    std::size_t failures = 0;
    for (const auto& source : result.sources)
    {
        if (source.state == SourceState::Failed && ++failures <= failuresMax)
        {
            text += fmt::format("failed   {}: {}\n", source.name, source.error);
        }
    }
    if (failures > failuresMax)
    {
        text += fmt::format("         ... and {} more\n", failures - failuresMax);
    }
    return text;
}

} // namespace

std::string_view endName(const IngestResult& result, WatchEnd end) noexcept
{
    const auto failed = result.count(SourceState::Failed);
    switch (end)
    {
    case WatchEnd::Complete:
        if (failed > 0)
        {
            return failed == result.sources.size() ? "failed" : "incomplete";
        }
        return "complete";
    case WatchEnd::Interrupted:
        return "interrupted";
    case WatchEnd::DurationOver:
        return "duration over";
    case WatchEnd::GaveUp:
        break;
    }
    return "gave up";
}

std::string summarize(const IngestResult& result, WatchEnd end, std::size_t failuresMax)
{
    auto text = fmt::format("{}: {}\n", endName(result, end), describeEnd(result, end));
    const auto add = [&text](std::string_view label, const std::string& line)
    {
        text += fmt::format("{:<9}{}\n", label, line);
    };
    add("sources", describeStates(result));
    if (const auto connections = describeConnections(result); !connections.empty())
    {
        add("accepts", connections);
    }
    add("total", fmt::format("{} bytes ({}) in {} buffers", result.bytes(),
                             formatSize(result.bytes()), result.buffers()));
    add("rate", describeRates(result));
    if (result.buffers() > 0)
    {
        add("latency", describeLatency(result.latency));
    }
    if (const auto waits = describeWaits(result); !waits.empty())
    {
        add("waits", waits);
    }
    if (const auto losses = describeLosses(result); !losses.empty())
    {
        add("lost", losses);
    }
    add("CPU", describeUsage(result));
    if (const auto engine = describeFallback(result); !engine.empty())
    {
        add("engine", engine);
    }
    add("threads", describeThreads(result.threads));
    return text + describeFailures(result, failuresMax);
}

} // namespace weft::tools
