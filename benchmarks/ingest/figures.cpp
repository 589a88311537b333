#include "figures.hpp"

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

double share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

} // namespace

Figures figuresOf(const RunResult& run)
{
    const auto& receiver = run.receiver;
    const auto& generator = run.generator;
    const auto messages = static_cast<double>(receiver.messages);
    const auto bytes =
        static_cast<double>(receiver.floodBytes + receiver.messages * Message::SizeBytes);
    const auto windowNs = static_cast<double>(
        receiver.windowNs > 0 ? receiver.windowNs : std::max<std::int64_t>(run.plan.windowNs, 1));
    const auto seconds = windowNs / NsPerSecond;
    const auto cpuNs = static_cast<double>(receiver.cpuUserNs + receiver.cpuSystemNs);
    const auto units = messages > 0 ? messages : bytes / BufferBytes;
    const auto sent = static_cast<double>(generator.messages);
    const auto switches =
        static_cast<double>(receiver.contextSwitchesVoluntary + receiver.contextSwitchesForced);
    const auto planned = static_cast<double>(run.plan.windowNs);
    const auto rounds = static_cast<double>(run.compute.rounds);
    return {
        .cpuSecondsPerGiB = share(cpuNs / NsPerSecond, bytes / GiB),
        .cpuSecondsPerMillion = share(cpuNs / NsPerSecond, messages / 1e6),
        .userShare = share(static_cast<double>(receiver.cpuUserNs), cpuNs),
        .gibPerSecond = bytes / GiB / seconds,
        .messagesPerSecond = messages / seconds,
        .p50Ms = static_cast<double>(receiver.latencyP50Ns) / NsPerMs,
        .p99Ms = static_cast<double>(receiver.latencyP99Ns) / NsPerMs,
        .p999Ms = static_cast<double>(receiver.latencyP999Ns) / NsPerMs,
        .memoryKiBPerSource = share(static_cast<double>(receiver.memoryBytes) / 1024,
                                    static_cast<double>(run.plan.sources())),
        .systemCallsPerUnit = share(static_cast<double>(receiver.systemCalls), units),
        .switchesPerUnit = share(switches, units),
        .busyShare = cpuNs / windowNs,
        .othersShare = static_cast<double>(receiver.othersOnCpuNs) / windowNs,
        .generatorBusyShare = share(static_cast<double>(generator.cpuNs), planned),
        .sentPerSecond = share(sent, planned / NsPerSecond),
        .lateShare = share(static_cast<double>(generator.messagesLate), sent),
        .refusedPerSecond =
            share(static_cast<double>(generator.messagesRefused), planned / NsPerSecond),
        .worstLateMs = static_cast<double>(generator.worstLateNs) / NsPerMs,
        .roundsPerSecond = share(rounds, planned / NsPerSecond),
        .roundsPerCpuSecond = share(rounds, static_cast<double>(run.compute.cpuNs) / NsPerSecond),
        .residentShare = run.residentShare,
    };
}

Figures mediansOf(const std::vector<Figures>& runs)
{
    Figures medians;
    for (const auto& [name, value] : namedFigures())
    {
        std::vector<double> values;
        for (const auto& run : runs)
        {
            values.push_back(run.*value);
        }
        medians.*value = medianOf(std::move(values));
    }
    return medians;
}

const std::vector<NamedFigure>& namedFigures()
{
    static const std::vector<NamedFigure> all{
        {"cpu_seconds_per_gib", &Figures::cpuSecondsPerGiB},
        {"cpu_seconds_per_million", &Figures::cpuSecondsPerMillion},
        {"user_share", &Figures::userShare},
        {"gib_per_second", &Figures::gibPerSecond},
        {"messages_per_second", &Figures::messagesPerSecond},
        {"p50_ms", &Figures::p50Ms},
        {"p99_ms", &Figures::p99Ms},
        {"p999_ms", &Figures::p999Ms},
        {"memory_kib_per_source", &Figures::memoryKiBPerSource},
        {"system_calls_per_unit", &Figures::systemCallsPerUnit},
        {"switches_per_unit", &Figures::switchesPerUnit},
        {"busy_share", &Figures::busyShare},
        {"others_share", &Figures::othersShare},
        {"generator_busy_share", &Figures::generatorBusyShare},
        {"sent_per_second", &Figures::sentPerSecond},
        {"late_share", &Figures::lateShare},
        {"refused_per_second", &Figures::refusedPerSecond},
        {"worst_late_ms", &Figures::worstLateMs},
        {"rounds_per_second", &Figures::roundsPerSecond},
        {"rounds_per_cpu_second", &Figures::roundsPerCpuSecond},
        {"resident_share", &Figures::residentShare},
    };
    return all;
}

} // namespace weft::bench
