#pragma once

#include <weft/reactor/reactor.hpp>
#include <weft/sources/source_runner.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::tools
{

/// The account of one source, when everything that it emitted has been delivered.
struct SourceResult
{
    std::string name;
    std::string type;
    std::string endpoint;
    std::uint64_t bytes = 0;   // delivered to the sink
    std::uint64_t buffers = 0; // delivered to the sink
    /// XXH3, 64 bits, of all bytes in their order; only the count sink takes it.
    std::optional<std::uint64_t> checksum;
    /// Of a source that listens.
    bool listens = false;
    std::uint64_t connectionsAccepted = 0;
    std::uint64_t connectionsFailed = 0; // of these
    std::uint64_t acceptFailures = 0;    // each was tried again
    /// Why the last of them failed, of either kind; empty when none has.
    std::string connectionError;
    std::uint64_t opens = 0; // that succeeded
    std::uint64_t retries = 0;
    // Its share of the buffers, and what it waited for them.
    std::uint64_t bufferWaits = 0;
    std::chrono::nanoseconds bufferWaitTotal{};
    std::chrono::nanoseconds bufferWaitLongest{};
    std::uint32_t buffersInFlight = 0; // when it last asked for one
    /// That came after the sink had failed for this source.
    std::uint64_t buffersDropped = 0;
    std::uint64_t messagesLost = 0; // on the way to the source
    /// How it ended: Ended, Stopped or Failed. A source whose sink failed has Failed.
    SourceState state = SourceState::Created;
    /// Why it failed; empty when it did not.
    std::string error;
};

/// From the arrival of a buffer's first byte to its delivery.
struct LatencySummary
{
    std::chrono::nanoseconds p50{};
    std::chrono::nanoseconds p99{};
    std::chrono::nanoseconds p999{};
    std::chrono::nanoseconds max{};
};

/// What the process has used, all threads together.
struct ResourceUsage
{
    std::chrono::nanoseconds cpuUser{};
    std::chrono::nanoseconds cpuSystem{};
    std::uint64_t memoryPeakBytes = 0;
};

struct ThreadCounts
{
    std::size_t reactors = 0;
    std::size_t workers = 0;
    std::size_t offload = 0;
    std::size_t sources = 0; // of sources with execution: thread, the most at once

    /// With the main thread.
    std::size_t total() const noexcept
    {
        return reactors + workers + offload + sources + 1;
    }
};

struct IngestResult
{
    /// In the order of the plan.
    std::vector<SourceResult> sources;
    /// From start() to the delivery of the last buffer.
    std::chrono::nanoseconds wallTime{};
    LatencySummary latency;
    /// Between the session's start() and finish().
    ResourceUsage usage;
    ThreadCounts threads;
    std::vector<ReactorStatistics> reactors;
    /// The pool of sources with execution: thread.
    IoBufferPoolStatistics threadBuffers;

    std::uint64_t bytes() const noexcept;
    std::uint64_t buffers() const noexcept;
    std::uint64_t retries() const noexcept;
    std::uint64_t buffersDropped() const noexcept;
    std::uint64_t messagesLost() const noexcept;
    std::size_t count(SourceState state) const noexcept;
};

} // namespace weft::tools
