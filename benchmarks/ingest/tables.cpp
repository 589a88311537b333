#include "tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace weft::bench
{

namespace
{

/// What a line of a table is made of.
struct Line
{
    const Figures& figures;
    const Figures* basis = nullptr; // of the same receiver, in the case that it is compared with
};

using Cell = std::function<std::string(const Line&)>;

struct Column
{
    std::string name;
    Cell cell;
};

Column number(std::string name, double Figures::*value, int decimals, double factor = 1)
{
    return {std::move(name), [=](const Line& line)
            {
                return fmt::format("{:.{}f}", line.figures.*value * factor, decimals);
            }};
}

Column percent(std::string name, double Figures::*value)
{
    return number(std::move(name), value, 0, 100);
}

std::string formatRatio(double value, const Figures* other, double Figures::*which)
{
    return other == nullptr || other->*which <= 0 ? "-"
                                                  : fmt::format("{:.2f}", value / other->*which);
}

/// Beside another receiver, which need not be there.
Column ratio(std::string name, double Figures::*value, const Figures* other)
{
    return {std::move(name), [=](const Line& line)
            {
                return formatRatio(line.figures.*value, other, value);
            }};
}

/// Beside the same receiver in the case that this one is compared with.
Column ratioToBasis(std::string name, double Figures::*value)
{
    return {std::move(name), [=](const Line& line)
            {
                return formatRatio(line.figures.*value, line.basis, value);
            }};
}

const Figures* mediansOf(const CaseRuns& runs, std::string_view receiver)
{
    const auto found = std::ranges::find(runs.receivers, receiver, &ReceiverRuns::receiver);
    return found != runs.receivers.end() && !found->figures.empty() ? &found->medians : nullptr;
}

/// The receiver's own line of the basis, or the only one.
const Figures* basisOf(const CaseRuns* basis, std::string_view receiver)
{
    if (basis == nullptr)
    {
        return nullptr;
    }
    const auto& lines = basis->receivers;
    return mediansOf(*basis, lines.size() == 1 ? lines.front().receiver : receiver);
}

std::vector<Column> floodColumns(const CaseRuns& runs)
{
    return {number("CPU s/GiB", &Figures::cpuSecondsPerGiB, 3),
            ratio("of single", &Figures::cpuSecondsPerGiB, mediansOf(runs, "uring-single")),
            percent("user %", &Figures::userShare),
            number("GiB/s", &Figures::gibPerSecond, 2),
            number("calls/4KiB", &Figures::systemCallsPerUnit, 2),
            number("switches/4KiB", &Figures::switchesPerUnit, 3),
            number("KiB/source", &Figures::memoryKiBPerSource, 2),
            percent("busy %", &Figures::busyShare),
            percent("others %", &Figures::othersShare),
            percent("generator %", &Figures::generatorBusyShare)};
}

std::vector<Column> trickleColumns(const CaseRuns& runs)
{
    return {number("CPU s/M", &Figures::cpuSecondsPerMillion, 2),
            ratio("of single", &Figures::cpuSecondsPerMillion, mediansOf(runs, "uring-single")),
            number("messages/s", &Figures::messagesPerSecond, 0),
            number("p50 ms", &Figures::p50Ms, 3),
            number("p99 ms", &Figures::p99Ms, 3),
            number("p99.9 ms", &Figures::p999Ms, 3),
            number("calls/message", &Figures::systemCallsPerUnit, 2),
            number("switches/message", &Figures::switchesPerUnit, 2),
            number("KiB/source", &Figures::memoryKiBPerSource, 2),
            percent("busy %", &Figures::busyShare),
            percent("others %", &Figures::othersShare),
            number("late %", &Figures::lateShare, 1, 100),
            number("worst ms", &Figures::worstLateMs, 1)};
}

std::vector<Column> mixedColumns(const CaseRuns& runs)
{
    return {number("p50 ms", &Figures::p50Ms, 3),
            number("p99 ms", &Figures::p99Ms, 3),
            ratioToBasis("of without", &Figures::p99Ms),
            ratio("of single", &Figures::p99Ms, mediansOf(runs, "uring-single")),
            number("p99.9 ms", &Figures::p999Ms, 3),
            number("messages/s", &Figures::messagesPerSecond, 0),
            number("GiB/s", &Figures::gibPerSecond, 2),
            number("CPU s/GiB", &Figures::cpuSecondsPerGiB, 3),
            percent("busy %", &Figures::busyShare),
            percent("others %", &Figures::othersShare),
            number("late %", &Figures::lateShare, 1, 100),
            number("worst ms", &Figures::worstLateMs, 1)};
}

std::vector<Column> fileColumns(const CaseRuns& runs)
{
    return {number("CPU s/GiB", &Figures::cpuSecondsPerGiB, 3),
            ratio("of single", &Figures::cpuSecondsPerGiB, mediansOf(runs, "uring-single")),
            ratio("of pread", &Figures::cpuSecondsPerGiB, mediansOf(runs, "pread")),
            percent("user %", &Figures::userShare),
            number("GiB/s", &Figures::gibPerSecond, 2),
            number("calls/4KiB", &Figures::systemCallsPerUnit, 2),
            number("switches/4KiB", &Figures::switchesPerUnit, 3),
            percent("busy %", &Figures::busyShare),
            percent("others %", &Figures::othersShare),
            percent("cached %", &Figures::residentShare)};
}

std::vector<Column> computeColumns(const CaseRuns& runs)
{
    return {number("rounds/s", &Figures::roundsPerSecond, 0),
            ratioToBasis("of alone", &Figures::roundsPerSecond),
            ratioToBasis("per CPU s", &Figures::roundsPerCpuSecond),
            number("CPU s/M", &Figures::cpuSecondsPerMillion, 2),
            ratio("of single", &Figures::cpuSecondsPerMillion, mediansOf(runs, "uring-single")),
            number("messages/s", &Figures::messagesPerSecond, 0),
            number("p50 ms", &Figures::p50Ms, 3),
            number("p99 ms", &Figures::p99Ms, 3),
            number("switches/message", &Figures::switchesPerUnit, 2),
            number("late %", &Figures::lateShare, 1, 100)};
}

std::vector<Column> columnsOf(const CaseRuns& runs)
{
    switch (runs.what.kind)
    {
    case CaseKind::Flood:
        return floodColumns(runs);
    case CaseKind::Files:
        return fileColumns(runs);
    case CaseKind::BesideCompute:
        return computeColumns(runs);
    case CaseKind::Mixed:
        return mixedColumns(runs);
    case CaseKind::Trickle:
        break;
    }
    return trickleColumns(runs);
}

/// A generator that was slower than its timetable makes figures of its own.
void printGeneratorFaults(const CaseRuns& runs)
{
    constexpr double ShareLeast = 0.99;
    const double wanted = runs.what.plan.messagesPerSecond;
    const double oneMessage = 1e9 / static_cast<double>(runs.what.plan.windowNs); // at the edge
    for (const auto& own : runs.receivers)
    {
        if (!own.figures.empty() && own.medians.sentPerSecond < wanted * ShareLeast - oneMessage)
        {
            fmt::print("  {}: the generator did not keep its rate: {:.0f} of {:.0f} messages/s, "
                       "{:.0f}/s not taken by full sockets\n",
                       own.receiver, own.medians.sentPerSecond, wanted,
                       own.medians.refusedPerSecond);
        }
    }
}

} // namespace

void printTable(const CaseRuns& runs, const CaseRuns* basis)
{
    constexpr std::size_t NameWidth = 14;
    const auto columns = columnsOf(runs);
    fmt::print("\n{}\n{:<{}}", runs.what.title, "", NameWidth);
    for (const auto& column : columns)
    {
        fmt::print("  {:>9}", column.name);
    }
    fmt::print("\n");
    for (const auto& own : runs.receivers)
    {
        fmt::print("{:<{}}", own.receiver, NameWidth);
        if (own.figures.empty())
        {
            fmt::print("  {}\n", own.results.empty() ? "" : own.results.back().problem);
            continue;
        }
        for (const auto& column : columns)
        {
            fmt::print("  {:>{}}", column.cell({own.medians, basisOf(basis, own.receiver)}),
                       std::max<std::size_t>(column.name.size(), 9));
        }
        fmt::print("\n");
    }
    if (runs.sleepsLate)
    {
        using Milliseconds = std::chrono::duration<double, std::milli>;
        fmt::print("bare sleeps of 1 ms before each round ended late by {:.3f} ms (p99), {:.3f} at "
                   "worst\n",
                   Milliseconds(runs.sleepsLate->p99).count(),
                   Milliseconds(runs.sleepsLate->max).count());
    }
    printGeneratorFaults(runs);
    std::fflush(stdout);
}

} // namespace weft::bench
