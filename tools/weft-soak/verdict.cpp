#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace weft::soak
{

namespace
{

using LastEvent = LifeSink::LastEvent;

bool has(const std::error_code& code, int errorNumber) noexcept
{
    return code.category() == std::system_category() && code.value() == errorNumber;
}

bool isFile(const LifePlan& plan) noexcept
{
    return plan.transport == Transport::File || plan.transport == Transport::MissingFile;
}

/// Nothing may have come out that was not put in.
std::string judgeBytes(const LifeRecord& record)
{
    record.sink.checker().finish(isFile(record.plan) ? 1 : record.account.connections.size());
    if (!record.sink.checker().problem().empty())
    {
        return record.sink.checker().problem();
    }
    for (std::size_t index = 0; index < record.account.connections.size(); ++index)
    {
        const auto received = record.sink.checker().receivedBytes(index);
        const auto sent = record.account.connections[index].sentBytes;
        if (received > sent)
        {
            return fmt::format("expected: at most the {} bytes sent on connection {}; found: {}",
                               sent, index, received);
        }
    }
    return {};
}

std::string judgeEndOfStream(const LifeRecord& record)
{
    const auto& connections = record.account.connections;
    const auto last = isFile(record.plan) ? 0 : connections.size() - 1;
    if (record.plan.transport == Transport::MissingFile)
    {
        return "expected: a failure, for there is no such file; found: the end of the stream";
    }
    if (!isFile(record.plan))
    {
        if (connections.empty() || connections.back().outcome != ConnectionOutcome::Finished)
        {
            return fmt::format(
                "expected: no end of the stream, for the peer has {}; found: the end of the stream",
                connections.empty()                                      ? "not connected"
                : connections.back().outcome == ConnectionOutcome::Reset ? "reset the connection"
                                                                         : "not ended it");
        }
        const auto stopTime = record.sink.stopTime();
        if (stopTime && *stopTime < connections.back().endedAt)
        {
            return "expected: no end of the stream, for the source had been stopped before the "
                   "peer ended it; found: the end of the stream";
        }
    }
    const auto total = record.plan.connections[last].totalBytes;
    const auto received = record.sink.checker().receivedBytes(last);
    if (received != total)
    {
        return fmt::format("expected: all {} bytes of connection {} before the end of the stream; "
                           "found: {} of them",
                           total, last, received);
    }
    return {};
}

/// Whether the plan makes the source fail like that.
bool failureIsPlanned(const LifeRecord& record)
{
    const auto& plan = record.plan;
    const auto code = record.sink.failureCode();
    const auto& connections = record.account.connections;
    if (plan.transport == Transport::MissingFile)
    {
        return has(code, ENOENT);
    }
    if (plan.transport != Transport::Tcp)
    {
        return false;
    }
    const bool whileOpening = record.sink.failureMessage().starts_with("connect to ");
    if (has(code, ECONNREFUSED))
    {
        const bool refused = std::ranges::any_of(plan.connections,
                                                 [](const ConnectionPlan& planned)
                                                 {
                                                     return planned.refusedFor.count() > 0;
                                                 });
        const bool triedEnough =
            !record.statistics || record.statistics->retries >= plan.reconnectAttempts;
        const bool mayConnect =
            connections.empty() || connections.back().outcome == ConnectionOutcome::Reset;
        return refused && triedEnough && mayConnect && whileOpening;
    }
    // A reset after the connection was made is retried if anything is.
    return (has(code, ECONNRESET) || has(code, EPIPE)) && !connections.empty() &&
           connections.back().outcome == ConnectionOutcome::Reset &&
           (plan.reconnectAttempts == 0 || whileOpening);
}

std::string describePeer(const FeedAccount& account)
{
    if (account.connections.empty())
    {
        return "the peer has had no connection";
    }
    const auto& last = account.connections.back();
    const auto* const outcome = last.outcome == ConnectionOutcome::Finished ? "ended in order"
                                : last.outcome == ConnectionOutcome::Reset  ? "reset by the peer"
                                                                            : "left by the source";
    return fmt::format("the peer's last connection, number {}, was {} after {} bytes",
                       account.connections.size() - 1, outcome, last.sentBytes);
}

std::string judgeLastEvent(const LifeRecord& record)
{
    switch (record.sink.lastEvent())
    {
    case LastEvent::None:
        return record.sink.stopTime() ? ""
                                      : "expected: a last event, for nobody has stopped the "
                                        "source; found: none";
    case LastEvent::EndOfStream:
        return judgeEndOfStream(record);
    case LastEvent::Failure:
        return failureIsPlanned(record)
                   ? ""
                   : fmt::format("expected: no such failure, for {}; found: {}",
                                 describePeer(record.account), record.sink.failureMessage());
    }
    return {};
}

std::string judgeStatistics(const LifeRecord& record)
{
    if (!record.statistics)
    {
        return {};
    }
    const auto& statistics = *record.statistics;
    const auto last = record.sink.lastEvent();
    const auto state = last == LastEvent::EndOfStream ? SourceState::Ended
                       : last == LastEvent::Failure   ? SourceState::Failed
                                                      : SourceState::Stopped;
    if (statistics.state != state)
    {
        return fmt::format("expected: state {}, as its last event says; found: {}", toString(state),
                           toString(statistics.state));
    }
    if (statistics.bytes != record.sink.bytes() || statistics.buffers != record.sink.buffers())
    {
        return fmt::format("expected: statistics of {} bytes in {} buffers, as received; found: "
                           "{} bytes in {} buffers",
                           record.sink.bytes(), record.sink.buffers(), statistics.bytes,
                           statistics.buffers);
    }
    return {};
}

} // namespace

std::string judge(const LifeRecord& record)
{
    if (!record.sink.emitDestroyed())
    {
        return "expected: the emit function is destroyed when the source has stopped; found: it "
               "lives";
    }
    if (!record.account.complaint.empty())
    {
        return record.account.complaint;
    }
    for (const auto part : {judgeBytes, judgeLastEvent, judgeStatistics})
    {
        if (auto problem = part(record); !problem.empty())
        {
            return problem;
        }
    }
    return {};
}

} // namespace weft::soak
