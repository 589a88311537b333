#pragma once

#include <weft/sources/source_runner.hpp>
#include <weft/timers/clock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weft
{

/// The numbers of one source: written by what runs it, read by any thread.
class SourceCounters
{
public:
    // By what runs the source.

    void setState(SourceState newState) noexcept
    {
        state.store(newState, std::memory_order_relaxed);
    }

    void opened() noexcept
    {
        add(opens, 1);
    }

    /// Opens again for the `inARow`th time since it was well.
    void retries(std::uint64_t inARow) noexcept
    {
        retriesInARow.store(inARow, std::memory_order_relaxed);
        add(retriesInAll, 1);
    }

    /// A buffer goes to the emit function. Returns how many went before it.
    std::uint64_t emits(std::uint64_t sizeBytes, bool demanded) noexcept
    {
        retriesInARow.store(0, std::memory_order_relaxed);
        const auto before = buffers.load(std::memory_order_relaxed);
        add(buffers, 1);
        add(bytes, sizeBytes);
        add(buffersDemanded, demanded ? 1 : 0);
        return before;
    }

    /// The one that went last was not taken.
    void dropped(std::uint64_t sizeBytes) noexcept
    {
        add(buffersDropped, 1);
        add(bytesDropped, sizeBytes);
    }

    /// So many in all, on the way to the source.
    void setMessagesLost(std::uint64_t lost) noexcept
    {
        messagesLost.store(lost, std::memory_order_relaxed);
    }

    void holds(std::uint32_t buffersOut) noexcept
    {
        buffersInFlight.store(buffersOut, std::memory_order_relaxed);
    }

    void waitBegins() noexcept;
    void waitEnds() noexcept;

    std::uint64_t emitted() const noexcept
    {
        return buffers.load(std::memory_order_relaxed);
    }

    std::uint64_t attemptsInARow() const noexcept
    {
        return retriesInARow.load(std::memory_order_relaxed);
    }

    // Any thread.

    /// All but the texts.
    SourceStatistics read() const noexcept;

private:
    /// Adds for the only writer, without the cost of an atomic addition.
    static void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept
    {
        counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }

    // With each buffer; the others seldom.
    std::atomic<std::uint64_t> bytes = 0;
    std::atomic<std::uint64_t> buffers = 0;
    std::atomic<std::uint64_t> buffersDemanded = 0;
    std::atomic<std::uint64_t> messagesLost = 0;
    std::atomic<std::uint64_t> retriesInARow = 0;
    std::atomic<std::uint32_t> buffersInFlight = 0;

    std::atomic<SourceState> state = SourceState::Created;
    std::atomic<std::uint64_t> buffersDropped = 0;
    std::atomic<std::uint64_t> bytesDropped = 0;
    std::atomic<std::uint64_t> opens = 0;
    std::atomic<std::uint64_t> retriesInAll = 0;
    std::atomic<std::uint64_t> bufferWaits = 0;
    std::atomic<std::chrono::nanoseconds> bufferWaitTotal{};
    std::atomic<std::chrono::nanoseconds> bufferWaitLongest{};
    /// When the wait that goes on began; the epoch: there is none.
    std::atomic<Clock::time_point> bufferWaitSince{};
};

} // namespace weft
