#include "summary.hpp"

#include <weft/sources/quantity.hpp>

#include "output_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace weft::sim
{

namespace
{

double hoursOf(const SeedTotals& totals) noexcept
{
    constexpr double NanosecondsOfHour = 3.6e12;
    return static_cast<double>(totals.simulatedNs) / NanosecondsOfHour;
}

double hoursForEachMinute(const ManySeeds& all) noexcept
{
    const std::chrono::duration<double, std::ratio<60>> minutes = all.realTime;
    return minutes.count() > 0 ? hoursOf(all.totals) / minutes.count() : 0;
}

nlohmann::json toJson(const ManySeeds& all)
{
    const auto& totals = all.totals;
    const auto& tally = totals.tally;
    return {{"seeds", totals.seeds},
            {"found", all.found},
            {"interrupted", all.interrupted},
            {"simulated_hours", hoursOf(totals)},
            {"real_seconds", std::chrono::duration<double>(all.realTime).count()},
            {"simulated_hours_per_real_minute", hoursForEachMinute(all)},
            {"events", totals.events},
            {"operations", totals.operations},
            {"steps", tally.steps},
            {"lives", tally.lives},
            {"opens", tally.opens},
            {"retries", tally.retries},
            {"buffers", tally.buffers},
            {"bytes", tally.bytes},
            {"digest", fmt::format("{:016x}", totals.digest)}};
}

} // namespace

void printSummary(const ManySeeds& all)
{
    const auto& totals = all.totals;
    const auto& tally = totals.tally;
    fmt::print("seeds      {} without a finding, {} with one; digest {:016x}\n", totals.seeds,
               all.found.size(), totals.digest);
    if (!all.found.empty())
    {
        constexpr std::size_t ShownMost = 20;
        auto shown = all.found;
        std::ranges::sort(shown);
        const bool isLonger = shown.size() > ShownMost;
        shown.resize(std::min(shown.size(), ShownMost));
        fmt::print("found      in seed {}{}\n", fmt::join(shown, ", "), isLonger ? ", ..." : "");
    }
    fmt::print("simulated  {:.1f} hours in {}: {:.0f} hours for each real minute\n",
               hoursOf(totals), formatDuration(all.realTime), hoursForEachMinute(all));
    fmt::print("happened   {} events in {} steps, {} operations\n", totals.events, tally.steps,
               totals.operations);
    fmt::print("sources    {} starts: {} ended, {} failed, {} stopped; {} opens, {} retries\n",
               tally.lives, tally.ended, tally.failed, tally.stopped, tally.opens, tally.retries);
    fmt::print("buffers    {} with {}; {} waits, {} dropped, {} flushes asked for\n", tally.buffers,
               formatSize(tally.bytes), tally.bufferWaits, tally.buffersDropped, tally.flushes);
    if (all.interrupted)
    {
        fmt::print("interrupted before the end\n");
    }
    std::fflush(stdout);
}

void writeReport(const ManySeeds& all, const std::string& path)
{
    tools::OutputFile report(path);
    constexpr int Indent = 2;
    report.commit(toJson(all).dump(Indent) + '\n');
}

} // namespace weft::sim
