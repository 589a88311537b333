#include "plan.hpp"

#include "random.hpp"
#include "stream_checksum.hpp"

#include <fmt/format.h>

#include <array>
#include <span>

namespace weft::soak
{

namespace
{

/// Calls `take` with each line of the part of the plan that is shown.
template <typename Take>
void forEachLine(std::uint64_t seed, std::uint32_t sources, Take take)
{
    for (std::uint32_t round = 0; round < PlanRoundsShown; ++round)
    {
        take(fmt::format("round {} ends by {}\n", round, toString(makeRoundEnd(seed, round))));
        for (std::uint32_t source = 0; source < sources; ++source)
        {
            for (std::uint32_t life = 0; life < PlanLivesShown; ++life)
            {
                take(describe(makeLifePlan(seed, {round, source, life})) + '\n');
            }
        }
    }
}

} // namespace

RoundEnd makeRoundEnd(std::uint64_t seed, std::uint32_t round) noexcept
{
    constexpr std::array Ends{RoundEnd::StopAllThenTry, RoundEnd::TryStopEach,
                              RoundEnd::DestroyHandles, RoundEnd::ManyThreads,
                              RoundEnd::RuntimeShutdown};
    // Each comes once in any five rounds in a row; the seed says which is first.
    return Ends[(Random({seed, 2}).below(Ends.size()) + round) % Ends.size()];
}

std::string describe(const LifePlan& plan)
{
    auto line = fmt::format("round {} source {} life {}: {} by {}, flush {}, records up to {} B",
                            plan.id.round, plan.id.source, plan.id.life, plan.kind,
                            toString(plan.transport), plan.flushInterval, plan.recordBytesMax);
    if (plan.reconnectAttempts > 0)
    {
        line += fmt::format(", reconnects {} times after {} to {} ms", plan.reconnectAttempts,
                            plan.reconnectPauseMin.count(), plan.reconnectPauseMax.count());
    }
    for (const auto& connection : plan.connections)
    {
        line += "; ";
        if (connection.refusedFor.count() > 0)
        {
            line += fmt::format("refused for {} ms, ", connection.refusedFor.count());
        }
        line += fmt::format("{} B by {} at most", connection.totalBytes, connection.writeBytesMax);
        if (connection.writePause.count() > 0)
        {
            line += fmt::format(" each {} us", connection.writePause.count());
        }
        if (connection.stallFor.count() > 0)
        {
            line += fmt::format(", stall of {} ms at {} B", connection.stallFor.count(),
                                connection.stallAtBytes);
        }
        line += fmt::format(", {}", toString(connection.end));
    }
    line += fmt::format("; consumer {}", toString(plan.consumer.kind));
    if (plan.consumer.kind != ConsumerKind::Prompt)
    {
        line += fmt::format(" {} ms, {}", plan.consumer.timeMax.count(), plan.consumer.count);
    }
    line += fmt::format("; stop {}", toString(plan.stop.kind));
    if (plan.stop.kind == StopKind::FromEmit)
    {
        line += fmt::format(" at event {}", plan.stop.afterEvents);
    }
    else if (plan.stop.kind != StopKind::None)
    {
        line += fmt::format(" after {} ms", plan.stop.after.count());
    }
    return line + fmt::format("; pause {} ms", plan.pauseAfter.count());
}

void printPlan(std::uint64_t seed, std::uint32_t sources)
{
    forEachLine(seed, sources,
                [](const std::string& line)
                {
                    fmt::print("{}", line);
                });
}

std::uint64_t planDigest(std::uint64_t seed, std::uint32_t sources)
{
    tools::StreamChecksum checksum;
    forEachLine(seed, sources,
                [&checksum](const std::string& line)
                {
                    checksum.update(std::as_bytes(std::span(line)));
                });
    return checksum.value();
}

std::string_view toString(Transport transport) noexcept
{
    switch (transport)
    {
    case Transport::Tcp:
        return "tcp";
    case Transport::Fifo:
        return "fifo";
    case Transport::File:
        return "file";
    case Transport::MissingFile:
        return "missing file";
    }
    return "unknown";
}

std::string_view toString(ConnectionEnd end) noexcept
{
    switch (end)
    {
    case ConnectionEnd::Close:
        return "close";
    case ConnectionEnd::HalfClose:
        return "half-close";
    case ConnectionEnd::Reset:
        return "reset";
    case ConnectionEnd::Stay:
        return "stay";
    }
    return "unknown";
}

std::string_view toString(ConsumerKind kind) noexcept
{
    switch (kind)
    {
    case ConsumerKind::Prompt:
        return "prompt";
    case ConsumerKind::Sleeping:
        return "sleeps";
    case ConsumerKind::Holding:
        return "holds";
    case ConsumerKind::Hoarding:
        return "hoards";
    }
    return "unknown";
}

std::string_view toString(StopKind kind) noexcept
{
    switch (kind)
    {
    case StopKind::None:
        return "none";
    case StopKind::TryStop:
        return "tryStop";
    case StopKind::Impatient:
        return "impatient";
    case StopKind::Destroy:
        return "destroy";
    case StopKind::OtherThread:
        return "other threads";
    case StopKind::FromEmit:
        return "from emit";
    }
    return "unknown";
}

std::string_view toString(RoundEnd end) noexcept
{
    switch (end)
    {
    case RoundEnd::TryStopEach:
        return "tryStop of each";
    case RoundEnd::StopAllThenTry:
        return "stop of all, then tryStop";
    case RoundEnd::DestroyHandles:
        return "destroying the handles";
    case RoundEnd::ManyThreads:
        return "stops from many threads";
    case RoundEnd::RuntimeShutdown:
        return "shutdown of the runtime";
    }
    return "unknown";
}

} // namespace weft::soak
