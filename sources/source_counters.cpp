#include <weft/sources/source_counters.hpp>

#include <algorithm>

namespace weft
{

void SourceCounters::waitBegins() noexcept
{
    add(bufferWaits, 1);
    bufferWaitSince.store(Clock::now(), std::memory_order_relaxed);
}

void SourceCounters::waitEnds() noexcept
{
    constexpr auto relaxed = std::memory_order_relaxed;
    const std::chrono::nanoseconds waited = Clock::now() - bufferWaitSince.load(relaxed);
    bufferWaitTotal.store(bufferWaitTotal.load(relaxed) + waited, relaxed);
    bufferWaitLongest.store(std::max(bufferWaitLongest.load(relaxed), waited), relaxed);
    // After the longest, and read before it: at no moment is this wait in neither.
    bufferWaitSince.store({}, std::memory_order_release);
}

SourceStatistics SourceCounters::read() const noexcept
{
    constexpr auto relaxed = std::memory_order_relaxed;
    SourceStatistics statistics;
    statistics.state = state.load(relaxed);
    statistics.bytes = bytes.load(relaxed);
    statistics.buffers = buffers.load(relaxed);
    statistics.buffersDropped = buffersDropped.load(relaxed);
    statistics.bytesDropped = bytesDropped.load(relaxed);
    statistics.buffersDemanded = buffersDemanded.load(relaxed);
    statistics.messagesLost = messagesLost.load(relaxed);
    statistics.opens = opens.load(relaxed);
    statistics.retries = retriesInAll.load(relaxed);
    statistics.retriesInARow = retriesInARow.load(relaxed);
    statistics.buffersInFlight = buffersInFlight.load(relaxed);
    statistics.bufferWaits = bufferWaits.load(relaxed);
    statistics.bufferWaitTotal = bufferWaitTotal.load(relaxed);
    const auto since = bufferWaitSince.load(std::memory_order_acquire);
    statistics.bufferWaitLongest = bufferWaitLongest.load(relaxed);
    if (since != Clock::time_point{})
    {
        statistics.bufferWaitLongest =
            std::max<std::chrono::nanoseconds>(statistics.bufferWaitLongest, Clock::now() - since);
    }
    return statistics;
}

} // namespace weft
