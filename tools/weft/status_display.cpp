#include "status_display.hpp"

#include <weft/sources/quantity.hpp>

#include "best_effort_print.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace weft::tools
{

namespace
{

constexpr std::string_view EraseLine = "\x1b[2K";

/// What the rates are made of.
struct Change
{
    double seconds = 0;
    double bytes = 0;
    double buffers = 0;
};

Change changeBetween(const IngestProgress& before, const IngestProgress& now)
{
    const std::chrono::duration<double> passed = now.time - before.time;
    return {
        .seconds = std::max(passed.count(), 1e-9),
        .bytes = static_cast<double>(now.bytes - before.bytes),
        .buffers = static_cast<double>(now.buffers - before.buffers),
    };
}

/// The share of one CPU that each reactor has used, in percent.
std::string describeLoads(const IngestProgress& before, const IngestProgress& now)
{
    const std::chrono::duration<double> passed = now.time - before.time;
    std::string loads;
    for (std::size_t index = 0; index < now.reactors.size(); ++index)
    {
        const std::chrono::duration<double> used =
            now.reactors[index].cpuTime - before.reactors[index].cpuTime;
        const auto load = passed.count() > 0 ? std::min(100 * (used / passed), 100.0) : 0.0;
        loads += fmt::format("{}{:.0f} %", loads.empty() ? "" : ", ", load);
    }
    return loads;
}

std::string describeBuffers(const IngestProgress& progress)
{
    std::uint64_t free = 0;
    std::uint64_t total = 0;
    for (const auto& reactor : progress.reactors)
    {
        free += reactor.buffers.free;
        total += reactor.buffers.total;
    }
    free += progress.threadBuffers.free;
    total += progress.threadBuffers.total;
    return fmt::format("{} of {} free", free, total);
}

std::size_t sourceCount(const IngestProgress& progress)
{
    std::size_t count = 0;
    for (const auto inState : progress.sources)
    {
        count += inState;
    }
    return count;
}

std::string describeSources(const IngestProgress& progress)
{
    auto text =
        fmt::format("{} of {} open", progress.count(SourceState::Running), sourceCount(progress));
    for (const auto state : {SourceState::Created, SourceState::Opening, SourceState::Stopping,
                             SourceState::Stopped, SourceState::Ended, SourceState::Failed})
    {
        if (progress.count(state) > 0)
        {
            text += fmt::format(", {} {}", progress.count(state), toString(state));
        }
    }
    if (progress.connections)
    {
        text += fmt::format(", {} connections", *progress.connections);
    }
    return text;
}

std::string rateText(const Change& change)
{
    return fmt::format("{}/s, {:.0f} buffers/s",
                       formatSize(static_cast<std::uint64_t>(change.bytes / change.seconds)),
                       change.buffers / change.seconds);
}

/// Longer lines would wrap, and what was drawn could not be taken away any more.
std::size_t terminalColumns(std::FILE* output) noexcept
{
    winsize size{};
    const bool known = ::ioctl(::fileno(output), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

} // namespace

StatusStyle chooseStatusStyle(std::FILE* output, bool plain, bool quiet) noexcept
{
    if (quiet)
    {
        return StatusStyle::Quiet;
    }
    return !plain && ::isatty(::fileno(output)) == 1 ? StatusStyle::Live : StatusStyle::Plain;
}

std::chrono::milliseconds StatusDisplay::interval() const noexcept
{
    switch (style)
    {
    case StatusStyle::Live:
        return std::chrono::milliseconds(500);
    case StatusStyle::Plain:
        return std::chrono::seconds(1);
    case StatusStyle::Quiet:
        break;
    }
    return std::chrono::hours(1);
}

void StatusDisplay::show(const IngestProgress& progress, const std::string& note)
{
    if (style == StatusStyle::Live)
    {
        erase();
        const auto lines = liveLines(progress, note);
        std::fwrite(lines.data(), 1, lines.size(), output);
        linesDrawn = static_cast<std::size_t>(std::ranges::count(lines, '\n'));
    }
    else if (style == StatusStyle::Plain)
    {
        printBestEffort(output, "{}\n", plainLine(progress, note));
    }
    std::fflush(output);
    before = progress;
}

void StatusDisplay::say(const std::string& line)
{
    if (style != StatusStyle::Quiet)
    {
        erase();
        printBestEffort(output, "{}\n", line);
        std::fflush(output);
    }
}

void StatusDisplay::clear()
{
    erase();
    std::fflush(output);
}

void StatusDisplay::erase()
{
    for (; linesDrawn > 0; --linesDrawn)
    {
        printBestEffort(output, "\x1b[1A{}", EraseLine);
    }
    if (style == StatusStyle::Live)
    {
        printBestEffort(output, "\r{}", EraseLine); // the "^C" that the terminal shows
    }
}

std::string StatusDisplay::liveLines(const IngestProgress& progress, const std::string& note) const
{
    const auto columns = terminalColumns(output);
    std::string lines;
    const auto add = [&](std::string_view label, const std::string& text)
    {
        auto line = fmt::format("{:<9}{}", label, text);
        line.resize(std::min(line.size(), columns - 1));
        lines += line + '\n';
    };
    const auto elapsed =
        formatDuration(std::chrono::floor<std::chrono::seconds>(progress.time - startTime));
    add("time", note.empty() ? elapsed : fmt::format("{}, {}", elapsed, note));
    add("rate", rateText(changeBetween(before, progress)));
    add("total", fmt::format("{}, {} buffers", formatSize(progress.bytes), progress.buffers));
    add("sources", describeSources(progress));
    add("reactors", fmt::format("{} busy", describeLoads(before, progress)));
    add("buffers", describeBuffers(progress));
    add("errors", fmt::format("{}", progress.errors));
    return lines;
}

std::string StatusDisplay::plainLine(const IngestProgress& progress, const std::string& note) const
{
    const std::chrono::duration<double> elapsed = progress.time - startTime;
    return fmt::format("{:.0f} s: {}; total {}; {}; busy {}; buffers {}; {} errors{}{}",
                       elapsed.count(), rateText(changeBetween(before, progress)),
                       formatSize(progress.bytes), describeSources(progress),
                       describeLoads(before, progress), describeBuffers(progress), progress.errors,
                       note.empty() ? "" : "; ", note);
}

} // namespace weft::tools
