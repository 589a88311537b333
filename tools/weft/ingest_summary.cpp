#include "ingest_summary.hpp"

#include <weft/sources/quantity.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace weft::tools
{

namespace
{

double seconds(std::chrono::nanoseconds duration)
{
    return std::chrono::duration<double>(duration).count();
}

std::string describeEnd(const IngestResult& result, WatchEnd end)
{
    const auto stopped = result.count(SourceState::Stopped);
    const auto dropped = result.buffersDropped();
    const auto delivered =
        dropped == 0 ? std::string("all buffers delivered")
                     : fmt::format("{} buffers dropped, as their sinks had failed, all others "
                                   "delivered",
                                   dropped);
    switch (end)
    {
    case WatchEnd::Complete:
        return fmt::format("complete: all sources have ended, {}", delivered);
    case WatchEnd::Interrupted:
        return fmt::format("interrupted: {} sources stopped, {}", stopped, delivered);
    case WatchEnd::DurationOver:
        return fmt::format("duration over: {} sources stopped, {}", stopped, delivered);
    case WatchEnd::GaveUp:
        break;
    }
    return "gave up: not all buffers delivered";
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
    return fmt::format("{}: {} reactors, {} workers, {} offload, 1 main", threads.total(),
                       threads.reactors, threads.workers, threads.offload);
}

std::string describeLatency(const LatencySummary& latency)
{
    return fmt::format("p50 {}, p99 {}, p99.9 {}, max {}", formatDuration(latency.p50),
                       formatDuration(latency.p99), formatDuration(latency.p999),
                       formatDuration(latency.max));
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

std::string summarize(const IngestResult& result, WatchEnd end, std::size_t failuresMax)
{
    std::string text = describeEnd(result, end) + '\n';
    const auto add = [&text](std::string_view label, const std::string& line)
    {
        text += fmt::format("{:<9}{}\n", label, line);
    };
    add("sources", describeStates(result));
    add("total", fmt::format("{} bytes ({}) in {} buffers", result.bytes(),
                             formatSize(result.bytes()), result.buffers()));
    add("rate", describeRates(result));
    if (result.buffers() > 0)
    {
        add("latency", describeLatency(result.latency));
    }
    add("CPU", describeUsage(result));
    add("threads", describeThreads(result.threads));
    return text + describeFailures(result, failuresMax);
}

} // namespace weft::tools
