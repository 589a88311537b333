#include "stream_check.hpp"

#include <weft/reactor/io_error.hpp>
#include <weft/sources/fill_window.hpp>
#include <weft/sources/source_error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace weft::sim
{

void StreamCheck::gave(ContentId newContent)
{
    closeContent();
    content = newContent;
    offsetBytes = 0;
}

void StreamCheck::told(std::error_code error)
{
    if (std::ranges::find(errorsTold, error) == errorsTold.end())
    {
        errorsTold.push_back(error);
    }
}

Place StreamCheck::data(OriginId from, const IoBuffer& buffer)
{
    const auto bytes = buffer.bytes();
    if (last != Last::None)
    {
        fail("emits a buffer after its last event");
    }
    if (wasRefused)
    {
        fail("emits a buffer after one that was refused");
    }
    if (from != origin || buffer.metadata().originId != origin)
    {
        fail(fmt::format("emits a buffer with origin {} for {}", buffer.metadata().originId, from));
    }
    if (buffer.metadata().sequenceNumber != bufferCount)
    {
        fail(fmt::format("emits sequence number {}, where {} is due",
                         buffer.metadata().sequenceNumber, bufferCount));
    }
    if (bytes.empty())
    {
        fail("emits an empty buffer");
    }
    if (!content)
    {
        fail(fmt::format("emits {} bytes, and was never given any", bytes.size()));
    }
    const Place place{.content = *content, .offsetBytes = offsetBytes};
    if (const auto at = simulation::firstDifference(*content, offsetBytes, bytes))
    {
        fail(fmt::format("emits a wrong byte: {} of {} in the buffer, {} of what it reads", *at,
                         bytes.size(), offsetBytes + *at));
    }
    offsetBytes += bytes.size();
    const auto delivered = simulation.account(*content).deliveredBytes;
    if (offsetBytes > delivered)
    {
        fail(fmt::format("has emitted {} bytes of the {} that it was given", offsetBytes,
                         delivered));
    }
    ++bufferCount;
    byteCount += bytes.size();
    lastBytes = bytes.size();
    return place;
}

void StreamCheck::endOfStream(bool stopAsked)
{
    if (last != Last::None)
    {
        fail("emits the end of the stream after its last event");
    }
    last = Last::EndOfStream;
    if (!content || !simulation.account(*content).endTold)
    {
        fail("emits the end of the stream, and was not told of one");
    }
    if (stopAsked)
    {
        fail("emits the end of the stream after it was asked to stop");
    }
}

void StreamCheck::failure(const SourceFailure& failure)
{
    if (last != Last::None)
    {
        fail(fmt::format("emits an error after its last event: {}", failure.message));
    }
    last = Last::Failure;
    lastError = failure.code;
    if (!hasCause(failure))
    {
        fail(fmt::format("emits an error that nobody has caused: {} ({} {})", failure.message,
                         failure.code.category().name(), failure.code.value()));
    }
}

void StreamCheck::consumerThrows(std::string message)
{
    thrown = std::move(message);
    wasRefused = true;
}

bool StreamCheck::hasCause(const SourceFailure& failure) const
{
    if (!thrown.empty())
    {
        return failure.message == thrown;
    }
    if (std::ranges::find(errorsTold, failure.code) != errorsTold.end())
    {
        return true;
    }
    if (failure.code.category() != std::system_category() || !content)
    {
        return false;
    }
    const auto errorTold = simulation.account(*content).errorTold;
    return errorTold != 0 && failure.code.value() == errorTold;
}

void StreamCheck::over(bool stopAsked)
{
    closeContent();
    if (last == Last::None && !stopAsked)
    {
        fail("is over without a last event, and nobody asked it to stop");
    }
}

void StreamCheck::finalNumbers(const SourceStatistics& statistics, std::uint64_t notTaken,
                               const LifePlan& plan, bool stopAsked)
{
    const auto expect = [this](const char* what, std::uint64_t counted, std::uint64_t seen)
    {
        if (counted != seen)
        {
            fail(fmt::format("counts {} {}, and its consumer has seen {}", counted, what, seen));
        }
    };
    // Filled one after the other, so each but the last is full.
    const auto missingBuffers = (missingBytes + bufferSizeBytes - 1) / bufferSizeBytes;
    expect("buffers", statistics.buffers, bufferCount + missingBuffers);
    expect("bytes", statistics.bytes, byteCount + missingBytes);
    expect("dropped buffers", statistics.buffersDropped, notTaken + missingBuffers);
    // One, at most: the last.
    expect("dropped bytes", statistics.bytesDropped, notTaken * lastBytes + missingBytes);
    if (statistics.retriesInARow > plan.reconnectAttempts)
    {
        fail(fmt::format("has tried again {} times in a row, of {}", statistics.retriesInARow,
                         plan.reconnectAttempts));
    }
    const bool ended = statistics.state == SourceState::Ended;
    const bool failed = statistics.state == SourceState::Failed;
    if (ended != (last == Last::EndOfStream) || failed != (last == Last::Failure))
    {
        fail(fmt::format("is {} at the end, which is not what its last event says",
                         toString(statistics.state)));
    }
    // Who is refused its buffer has not come to the point of opening.
    const bool gaveUpRetrying = last == Last::Failure && thrown.empty() && isTransient(lastError) &&
                                lastError != std::make_error_code(std::errc::no_buffer_space);
    if (gaveUpRetrying && !stopAsked && !plan.reconnectTimed &&
        statistics.retriesInARow < plan.reconnectAttempts)
    {
        fail(fmt::format("gives up after {} attempts of {}", statistics.retriesInARow,
                         plan.reconnectAttempts));
    }
}

/// What was read from it has been emitted, and it has been closed as often as opened.
void StreamCheck::closeContent()
{
    if (!content)
    {
        return;
    }
    const auto account = simulation.account(*content);
    if (account.deliveredBytes != offsetBytes)
    {
        missing(account.deliveredBytes - offsetBytes);
    }
    if (account.opens != account.closes)
    {
        fail(fmt::format("opens again or is over with {} of {} connections or files closed",
                         account.closes, account.opens));
    }
    if (account.errorTold != 0)
    {
        told(errnoError(account.errorTold));
    }
    content.reset();
}

/// Of what was read, so much has not been emitted.
void StreamCheck::missing(std::uint64_t bytes)
{
    const auto buffersMost =
        std::min(FillWindow::BuffersMax, FillWindow::BytesMax / bufferSizeBytes);
    const auto most = (buffersMost - 1) * bufferSizeBytes;
    if (!wasRefused || bytes > most)
    {
        fail(
            fmt::format("was given {} bytes and has emitted {}", offsetBytes + bytes, offsetBytes));
    }
    missingBytes = bytes;
}

void StreamCheck::fail(const std::string& what)
{
    simulation.fail(fmt::format("{} {}", name, what));
}

} // namespace weft::sim
