#include "summary.hpp"

#include <weft/sources/quantity.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::soak
{

namespace
{

std::string_view toString(SoakEnd end) noexcept
{
    switch (end)
    {
    case SoakEnd::TimeIsOver:
        return "time is over";
    case SoakEnd::Violation:
        return "violation";
    case SoakEnd::Interrupted:
        return "interrupted";
    }
    return "unknown";
}

double asMilliseconds(std::chrono::nanoseconds duration)
{
    return std::chrono::duration<double, std::milli>(duration).count();
}

std::vector<std::pair<std::string, std::uint64_t>> faults(const Tally& tally)
{
    const auto& peer = tally.peer;
    return {{"resets", peer.resets},
            {"of them before a byte", peer.resetsAtOnce},
            {"half-closes", peer.halfCloses},
            {"closes", peer.closes},
            {"stalls", peer.stalls},
            {"times that nobody listened", peer.refusals},
            {"writes of 64 B at most", peer.smallWrites},
            {"times that a source took no more", peer.fullPipes}};
}

std::string counts(const std::map<std::string, std::uint64_t, std::less<>>& counted)
{
    std::string text;
    for (const auto& [name, count] : counted)
    {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
    }
    return text;
}

std::string baselineTable(const BaselineResult& result)
{
    auto text = fmt::format("{:<44} {:>10} {:>10}\n", "when nothing runs", "before", "after");
    for (const auto& [name, number] : result.before)
    {
        const auto after = result.after.find(name);
        text += fmt::format("  {:<42} {:>10} {:>10}\n", name, number,
                            after != result.after.end() ? fmt::format("{}", after->second) : "-");
    }
    const auto size = [](std::int64_t bytes)
    {
        return formatSize(static_cast<std::uint64_t>(bytes));
    };
    return text + fmt::format("  {:<42} {:>10} {:>10}, at most {}\n",
                              "resident memory, from the first round on",
                              size(result.residentFirst), size(result.residentLast),
                              size(result.residentMost));
}

} // namespace

std::string summarize(const Soak& soak, const SoakOptions& options, SoakEnd end)
{
    const auto& tally = soak.tally();
    std::string text;
    const auto add = [&text]<typename... Arguments>(fmt::format_string<Arguments...> format,
                                                    Arguments&&... arguments)
    {
        fmt::format_to(std::back_inserter(text), format, std::forward<Arguments>(arguments)...);
    };
    add("ended     {} after {}, {} rounds\n", toString(end), formatDuration(soak.runningTime()),
        tally.rounds);
    add("started   {} ({} restarts): {} ended, {} failed as planned, {} stopped\n", tally.lives,
        tally.restarts, tally.ended, tally.failed, tally.stopped);
    add("kinds     {}\n", counts(tally.livesOfKind));
    add("run       {} on threads, {} limited to a few buffers\n", tally.livesOnThreads,
        tally.livesLimited);
    add("consumers {}; {} have thrown\n", counts(tally.livesOfConsumer), tally.throws);
    add("stops     {}; the longest took {}\n", counts(tally.stops),
        formatDuration(tally.worstStop));
    add("sent      {} on {} connections, {} retries\n", formatSize(tally.peer.bytes),
        tally.peer.connections, tally.reconnects);
    add("checked   {} bytes in {} events; {} buffers held on other threads\n",
        tally.bytesChecked.load(), tally.events.load(), soak.buffersHeld());
    add("buffers   waited for {} times, {} at most, {} with a prompt consumer; {} demanded by {} "
        "demands; {} dropped by a stop\n",
        tally.bufferWaits, formatDuration(tally.worstBufferWait),
        formatDuration(tally.worstBufferWaitPrompt), tally.buffersDemanded, tally.demands,
        tally.buffersDropped);
    add("delay     {} at most from first byte to emit, the flush interval apart; {} at most from "
        "demand to emit\n",
        formatDuration(tally.worstDelay.value()), formatDuration(tally.worstDemandDelay.value()));
    std::string faultText;
    for (const auto& [name, count] : faults(tally))
    {
        faultText += fmt::format("{}{} {}", faultText.empty() ? "" : ", ", count, name);
    }
    add("faults    {}\n", faultText);
    add("{}", baselineTable(soak.baseline()));
    for (const auto& finding : soak.findings().kept())
    {
        add("violation {}\n", finding);
    }
    if (soak.findings().count() > 0)
    {
        add("{} violations; --seed {} --sources {} repeats the plan of faults\n",
            soak.findings().count(), options.seed, options.sources);
    }
    else
    {
        add("all checks passed; seed {}\n", options.seed);
    }
    return text;
}

nlohmann::json toJson(const Soak& soak, const SoakOptions& options, SoakEnd end)
{
    const auto& tally = soak.tally();
    nlohmann::json faultCounts;
    for (const auto& [name, count] : faults(tally))
    {
        faultCounts[name] = count;
    }
    const auto& baseline = soak.baseline();
    return {{"seed", options.seed},
            {"plan_digest", fmt::format("{:016x}", planDigest(options.seed, options.sources))},
            {"end", toString(end)},
            {"seconds", std::chrono::duration<double>(soak.runningTime()).count()},
            {"rounds", tally.rounds},
            {"sources_started", tally.lives},
            {"restarts", tally.restarts},
            {"ended", tally.ended},
            {"failed", tally.failed},
            {"stopped", tally.stopped},
            {"kinds", tally.livesOfKind},
            {"consumers", tally.livesOfConsumer},
            {"consumers_thrown", tally.throws},
            {"sources_on_threads", tally.livesOnThreads},
            {"sources_limited", tally.livesLimited},
            {"stops", tally.stops},
            {"worst_stop_ms", asMilliseconds(tally.worstStop)},
            {"connections", tally.peer.connections},
            {"bytes_sent", tally.peer.bytes},
            {"bytes_checked", tally.bytesChecked.load()},
            {"retries", tally.reconnects},
            {"buffer_waits", tally.bufferWaits},
            {"worst_buffer_wait_ms", asMilliseconds(tally.worstBufferWait)},
            {"worst_buffer_wait_prompt_ms", asMilliseconds(tally.worstBufferWaitPrompt)},
            {"buffers_dropped", tally.buffersDropped},
            {"buffers_demanded", tally.buffersDemanded},
            {"demands", tally.demands},
            {"worst_delay_ms", asMilliseconds(tally.worstDelay.value())},
            {"worst_demand_delay_ms", asMilliseconds(tally.worstDemandDelay.value())},
            {"faults", faultCounts},
            {"baseline_before", baseline.before},
            {"baseline_after", baseline.after},
            {"resident_bytes_first", baseline.residentFirst},
            {"resident_bytes_most", baseline.residentMost},
            {"resident_bytes_last", baseline.residentLast},
            {"violations", soak.findings().count()},
            {"findings", soak.findings().kept()}};
}

} // namespace weft::soak
