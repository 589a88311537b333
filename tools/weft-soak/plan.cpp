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

std::string describe(const ConnectionPlan& connection)
{
    std::string text;
    if (connection.refusedFor.count() > 0)
    {
        text += fmt::format("refused for {} ms, ", connection.refusedFor.count());
    }
    text += fmt::format("{} B by {} at most", connection.totalBytes, connection.writeBytesMax);
    if (connection.writePause.count() > 0)
    {
        text += fmt::format(" each {} us", connection.writePause.count());
    }
    if (connection.stallFor.count() > 0)
    {
        text += fmt::format(", stall of {} ms at {} B", connection.stallFor.count(),
                            connection.stallAtBytes);
    }
    return text + fmt::format(", {}", toString(connection.end));
}

std::string describe(const ConsumerPlan& consumer)
{
    auto text = fmt::format("; consumer {}", toString(consumer.kind));
    if (consumer.kind != ConsumerKind::Prompt)
    {
        text += fmt::format(" {} ms, {}", consumer.timeMax.count(), consumer.count);
    }
    text += consumer.sharesSignal ? ", shared signal" : "";
    if (consumer.throwsAt > 0)
    {
        text += fmt::format(", throws at buffer {}", consumer.throwsAt);
    }
    return text;
}

std::string describe(const DemandPlan& demand)
{
    std::string text;
    if (demand.every.count() > 0)
    {
        text += fmt::format("; demands each {} us", demand.every.count());
    }
    if (demand.fromEmitEach > 0)
    {
        text += fmt::format("; demands at each {} buffers", demand.fromEmitEach);
    }
    return text;
}

std::string describe(const StopPlan& stop)
{
    auto text = fmt::format("; stop {}", toString(stop.kind));
    if (stop.kind == StopKind::FromEmit)
    {
        text += fmt::format(" at event {}", stop.afterEvents);
    }
    else if (stop.kind != StopKind::None)
    {
        text += fmt::format(" after {} ms", stop.after.count());
    }
    return text;
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
        line += plan.reconnectTime.count() > 0
                    ? fmt::format(" for {} ms", plan.reconnectTime.count())
                    : "";
    }
    line += plan.onThread ? ", on a thread" : "";
    if (plan.buffersInFlightMax > 0)
    {
        line += fmt::format(", {} buffers in flight", plan.buffersInFlightMax);
    }
    for (const auto& connection : plan.connections)
    {
        line += "; " + describe(connection);
    }
    return line + describe(plan.consumer) + describe(plan.demand) + describe(plan.stop) +
           fmt::format("; pause {} ms", plan.pauseAfter.count());
}

bool deliversMuch(const LifePlan& plan) noexcept
{
    constexpr std::uint64_t BytesLeast = 4096;
    const auto& first = plan.connections.front();
    return first.totalBytes >= BytesLeast && first.refusedFor.count() == 0 &&
           plan.stop.kind == StopKind::None;
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
    case ConsumerKind::Refusing:
        return "refuses";
    case ConsumerKind::Blocking:
        return "blocks";
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
