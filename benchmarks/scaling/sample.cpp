#include "sample.hpp"

#include <algorithm>
#include <utility>

#include <load/wire_format.hpp>
#include <median.hpp>
#include <system.hpp>

namespace weft::bench
{

namespace
{

constexpr double NsPerMs = 1e6;
constexpr double GiB = 1024.0 * 1024.0 * 1024.0;
constexpr double Million = 1e6;

double share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

/// What the workload's throughput counts, in single messages or GiB.
double workOf(const Case& what, const ReceiverReport& report)
{
    const auto messages = static_cast<double>(report.messages);
    return what.workload == Workload::Trickle
               ? messages
               : (static_cast<double>(report.floodBytes) + messages * Message::SizeBytes) / GiB;
}

struct Sums
{
    double work = 0;
    double rates = 0;    // of work
    double windowNs = 0; // the longest
    double cpuNs = 0;
    double othersNs = 0;
    double generatorNs = 0;
    double sent = 0;
    double due = 0;
};

Sums sumUp(const Case& what, const std::vector<RunResult>& lanes)
{
    Sums sums;
    for (const auto& lane : lanes)
    {
        const auto& receiver = lane.receiver;
        const auto windowNs = static_cast<double>(std::max<std::int64_t>(receiver.windowNs, 1));
        const auto work = workOf(what, receiver);
        sums.work += work;
        sums.rates += work / (windowNs / NsPerSecond);
        sums.windowNs = std::max(sums.windowNs, windowNs);
        sums.cpuNs += static_cast<double>(receiver.cpuUserNs + receiver.cpuSystemNs);
        sums.othersNs += static_cast<double>(receiver.othersOnCpuNs);
        sums.generatorNs += static_cast<double>(lane.generator.cpuNs);
        sums.sent += static_cast<double>(lane.generator.messages);
        sums.due +=
            lane.plan.messagesPerSecond * static_cast<double>(lane.plan.windowNs) / NsPerSecond;
    }
    return sums;
}

} // namespace

Sample sampleOf(const Case& what, const Layout& layout, const std::vector<RunResult>& lanes)
{
    const auto sums = sumUp(what, lanes);
    const auto cpusNs = sums.windowNs * static_cast<double>(lanes.size());
    const auto units = what.workload == Workload::Trickle ? sums.work / Million : sums.work;
    const bool shared = layout.generators == GeneratorPlace::Shared;
    Sample sample{
        // The work of a run of files is done when the last one is.
        .throughput = what.lane.files ? sums.work / (sums.windowNs / NsPerSecond) : sums.rates,
        .cpuSecondsPerUnit = share(sums.cpuNs / NsPerSecond, units),
        .busyShare = share(sums.cpuNs, cpusNs),
        .othersShare =
            std::max(0.0, share(sums.othersNs - (shared ? sums.generatorNs : 0), cpusNs)),
        .sentShare = sums.due > 0 ? sums.sent / sums.due : 1,
    };
    for (const auto& lane : lanes)
    {
        sample.wakeUps += static_cast<double>(lane.receiver.wakeUps);
        sample.p99Ms =
            std::max(sample.p99Ms, static_cast<double>(lane.receiver.latencyP99Ns) / NsPerMs);
    }
    return sample;
}

Sample mediansOf(const std::vector<Sample>& samples)
{
    Sample medians;
    for (const auto figure :
         {&Sample::throughput, &Sample::cpuSecondsPerUnit, &Sample::p99Ms, &Sample::wakeUps,
          &Sample::busyShare, &Sample::othersShare, &Sample::sentShare})
    {
        std::vector<double> values;
        for (const auto& sample : samples)
        {
            values.push_back(sample.*figure);
        }
        medians.*figure = medianOf(std::move(values));
    }
    return medians;
}

} // namespace weft::bench
