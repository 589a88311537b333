#pragma once

#include "run_board.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <latency_histogram.hpp>

namespace weft::bench
{

/// Counters that another thread may read while the sink takes buffers.
struct SinkCounts
{
    std::uint64_t floodBytes = 0;
    std::uint64_t messages = 0;
    std::uint64_t buffers = 0;
};

/// Where every receiver hands its buffers on: checks that the bytes are those that were sent, in
/// order and without gaps, counts them, and takes the time since each message was sent. Shares no
/// cache line with what is beside it: each reactor has its own.
class alignas(64) Sink
{
public:
    /// `manyThreads`: take() and end() are called by more than one thread.
    Sink(const RunBoard& runBoard, bool manyThreads);

    /// The source's next bytes, however they are cut.
    void take(std::size_t source, std::span<const std::byte> bytes);

    /// The source has delivered everything.
    void end(std::size_t source);

    /// What the receiver cannot go on with: ends the wait for all.
    void fail(const std::string& problem);

    bool allEnded() const noexcept
    {
        return ended.load(std::memory_order_acquire);
    }

    void waitUntilAllEnded() const noexcept
    {
        ended.wait(false, std::memory_order_acquire);
    }

    // Any thread.
    SinkCounts counts() const noexcept;

    /// Empty when all is well.
    std::string problem() const;

    // When all have ended.

    tools::LatencySummary latencies() const noexcept
    {
        return histogram.summary();
    }

    std::uint64_t latencyCount() const noexcept
    {
        return measured;
    }

private:
    /// One cache line for each source.
    struct alignas(64) Stream
    {
        std::uint64_t positionBytes = 0;
        std::uint64_t nextNumber = 0; // of a block or a message
        std::byte head[16]{};         // of one that has come in part
        bool ended = false;
    };

    void takeBlocks(Stream& stream, std::span<const std::byte> bytes);
    void takeMessages(Stream& stream, std::span<const std::byte> bytes);
    void takeHead(Stream& stream, std::int64_t timeNs);
    void noteWrong(const char* what, std::uint64_t got, std::uint64_t expected);

    const RunBoard& board;
    const bool locked;
    mutable std::mutex mutex;
    std::vector<Stream> streams;
    std::size_t streamsEnded = 0;
    tools::LatencyHistogram histogram;
    std::uint64_t measured = 0;
    std::string firstProblem;
    std::atomic<std::uint64_t> floodBytes = 0;
    std::atomic<std::uint64_t> messages = 0;
    std::atomic<std::uint64_t> buffers = 0;
    std::atomic<bool> ended = false;
};

} // namespace weft::bench
