#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

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
    std::vector<std::uint64_t> sentBytes;
    if (record.plan.transport == Transport::File)
    {
        sentBytes.push_back(record.plan.connections.front().totalBytes);
    }
    for (const auto& connection : record.account.connections)
    {
        sentBytes.push_back(connection.sentBytes);
    }
    record.sink.checker().finish(sentBytes);
    if (!record.sink.checker().problem().empty())
    {
        return record.sink.checker().problem();
    }
    for (std::size_t index = 0; index < sentBytes.size(); ++index)
    {
        const auto received = record.sink.checker().receivedBytes(index);
        if (received > sentBytes[index])
        {
            return fmt::format("expected: at most the {} bytes sent on connection {}; found: {}",
                               sentBytes[index], index, received);
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

/// No earlier than the first error of the row that the source failed in: when the last connection
/// that has delivered data was reset, or else the start.
Clock::time_point rowBeganAfter(const LifeRecord& record)
{
    auto began = record.startTime;
    const auto& connections = record.account.connections;
    for (std::size_t index = 0; index < connections.size(); ++index)
    {
        if (record.sink.checker().receivedBytes(index) > 0)
        {
            began = connections[index].endedAt;
        }
    }
    return began;
}

/// Whether the source has tried for as often, or as long, as the plan has it.
bool triedEnough(const LifeRecord& record)
{
    const auto& plan = record.plan;
    if (plan.reconnectTime.count() > 0 &&
        record.sink.lastEventTime() - rowBeganAfter(record) >= plan.reconnectTime)
    {
        return true;
    }
    return !record.statistics || record.statistics->retriesInARow == plan.reconnectAttempts;
}

bool nobodyListenedOnce(const LifePlan& plan)
{
    return std::ranges::any_of(plan.connections,
                               [](const ConnectionPlan& planned)
                               {
                                   return planned.refusedFor.count() > 0;
                               });
}

bool lastWasReset(const FeedAccount& account)
{
    return !account.connections.empty() &&
           account.connections.back().outcome == ConnectionOutcome::Reset;
}

/// Whether the plan makes the source fail like that.
bool failureIsPlanned(const LifeRecord& record)
{
    const auto& plan = record.plan;
    const auto code = record.sink.failureCode();
    if (!record.sink.thrownMessage().empty())
    {
        return record.sink.failureMessage() == record.sink.thrownMessage();
    }
    if (plan.transport == Transport::MissingFile)
    {
        return has(code, ENOENT);
    }
    if (plan.transport != Transport::Tcp || !triedEnough(record))
    {
        return false;
    }
    if (has(code, ECONNREFUSED))
    {
        return nobodyListenedOnce(plan) &&
               record.sink.failureMessage().starts_with("connect to ") &&
               (record.account.connections.empty() || lastWasReset(record.account));
    }
    return (has(code, ECONNRESET) || has(code, EPIPE)) && lastWasReset(record.account);
}

/// Whether an event that the source emits may be dropped when it is stopped.
bool mayDrop(const LifeRecord& record)
{
    const auto kind = record.plan.consumer.kind;
    return record.sink.stopTime() &&
           (kind == ConsumerKind::Refusing || kind == ConsumerKind::Blocking);
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

/// A last event that was dropped shows in the state only, and must have been in order all the same.
std::string judgeDroppedLastEvent(const LifeRecord& record)
{
    const auto state = record.statistics ? record.statistics->state : SourceState::Stopped;
    if (state == SourceState::Ended)
    {
        return judgeEndOfStream(record);
    }
    const bool mayFail = !record.sink.thrownMessage().empty() ||
                         record.plan.transport == Transport::MissingFile ||
                         lastWasReset(record.account) || nobodyListenedOnce(record.plan);
    return state == SourceState::Stopped || mayFail
               ? ""
               : fmt::format("expected: no failure, for {}; found: state {}, '{}'",
                             describePeer(record.account), toString(state),
                             record.statistics->lastError);
}

std::string judgeLastEvent(const LifeRecord& record)
{
    switch (record.sink.lastEvent())
    {
    case LastEvent::None:
        if (mayDrop(record))
        {
            return judgeDroppedLastEvent(record);
        }
        return record.sink.stopTime() && record.sink.thrownMessage().empty()
                   ? ""
                   : "expected: a last event, for nobody has stopped the source, or it has "
                     "failed; found: none";
    case LastEvent::EndOfStream:
        return record.sink.thrownMessage().empty()
                   ? judgeEndOfStream(record)
                   : "expected: a failure, for the consumer has thrown; found: the end of the "
                     "stream";
    case LastEvent::Failure:
        return failureIsPlanned(record)
                   ? ""
                   : fmt::format("expected: no such failure, for {}; found: {}",
                                 describePeer(record.account), record.sink.failureMessage());
    }
    return {};
}

std::string judgeState(const LifeRecord& record)
{
    const auto state = record.statistics->state;
    const auto last = record.sink.lastEvent();
    const auto said = last == LastEvent::EndOfStream ? SourceState::Ended
                      : last == LastEvent::Failure   ? SourceState::Failed
                                                     : SourceState::Stopped;
    const bool lastDropped = said == SourceState::Stopped && mayDrop(record) &&
                             (state == SourceState::Ended || state == SourceState::Failed);
    return state == said || lastDropped
               ? ""
               : fmt::format("expected: state {}, as its last event says; found: {}",
                             toString(said), toString(state));
}

/// The bytes that `buffers` may have which the source has filled in a row: each but the last is
/// full.
std::pair<std::uint64_t, std::uint64_t> bytesOf(std::uint64_t buffers, std::size_t bufferSizeBytes)
{
    return buffers == 0 ? std::pair<std::uint64_t, std::uint64_t>(0, 0)
                        : std::pair((buffers - 1) * bufferSizeBytes + 1, buffers * bufferSizeBytes);
}

/// What was handed to the emit function is what the consumer has taken and what was dropped: the
/// buffer that it refused because of a stop, and what the source had filled behind a refused one.
std::string judgeCounts(const LifeRecord& record)
{
    const auto& statistics = *record.statistics;
    const auto& sink = record.sink;
    const auto dropped = statistics.buffersDropped;
    const bool threw = !sink.thrownMessage().empty();
    const bool dropIsRight =
        dropped == 0 || threw || (mayDrop(record) && statistics.state == SourceState::Stopped);
    if (!dropIsRight)
    {
        return fmt::format("expected: no buffer dropped but by a consumer that throws, or by a "
                           "stop while it takes none; found: {} with a consumer that {}, state {}",
                           dropped, toString(record.plan.consumer.kind),
                           toString(statistics.state));
    }
    const std::uint64_t refused = dropped > 0 && !threw ? 1 : 0;
    auto [least, most] = bytesOf(dropped - refused, record.bufferSizeBytes);
    const bool sizeIsKnown = record.plan.consumer.kind == ConsumerKind::Refusing;
    least += refused * (sizeIsKnown ? sink.refusedBytes() : 1);
    most += refused * (sizeIsKnown ? sink.refusedBytes() : record.bufferSizeBytes);
    const auto bytesDropped = statistics.bytesDropped;
    if (statistics.buffers != sink.buffers() + dropped ||
        statistics.bytes != sink.bytes() + bytesDropped || bytesDropped < least ||
        bytesDropped > most)
    {
        return fmt::format("expected: statistics of {} bytes in {} buffers, as received, and {} "
                           "buffers of {} to {} bytes dropped; found: {} bytes in {} buffers, {} "
                           "of them dropped",
                           sink.bytes(), sink.buffers(), dropped, least, most, statistics.bytes,
                           statistics.buffers, bytesDropped);
    }
    if (statistics.buffersDemanded > std::min(sink.demands(), statistics.buffers))
    {
        return fmt::format("expected: at most one buffer demanded by each of {} demands, of {} "
                           "buffers; found: {}",
                           sink.demands(), statistics.buffers, statistics.buffersDemanded);
    }
    return {};
}

std::string judgeLimits(const LifeRecord& record)
{
    const auto inFlight = record.statistics->buffersInFlight;
    const auto inFlightMax = record.plan.buffersInFlightMax;
    if (inFlightMax > 0 && inFlight > inFlightMax)
    {
        return fmt::format("expected: at most {} buffers in flight; found: {}", inFlightMax,
                           inFlight);
    }
    const auto inARow = record.statistics->retriesInARow;
    return inARow <= record.plan.reconnectAttempts
               ? ""
               : fmt::format("expected: at most {} attempts in a row; found: {}",
                             record.plan.reconnectAttempts, inARow);
}

std::string judgeStatistics(const LifeRecord& record)
{
    if (!record.statistics)
    {
        return {};
    }
    for (const auto part : {judgeState, judgeCounts, judgeLimits})
    {
        if (auto problem = part(record); !problem.empty())
        {
            return problem;
        }
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
