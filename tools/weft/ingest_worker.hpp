#pragma once

#include <weft/sources/emit_when_ready.hpp>
#include <weft/sources/source_event.hpp>

#include "delivery_queue.hpp"
#include "latency_histogram.hpp"
#include "sink.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace weft::tools
{

/// What a worker knows about one of its sources.
struct SourceAccount
{
    std::uint64_t bytes = 0;
    std::uint64_t buffers = 0;
    /// That came after the sink had failed.
    std::uint64_t buffersDropped = 0;
    /// Buffers of each stream that is open: of the source's own, zero, or of its connections.
    std::map<std::uint64_t, std::uint64_t> streamBuffers;
    /// The end of a connection is on its way to the worker: another one waits, as there may be any
    /// number of them and the queue has room for one of each source.
    std::atomic<bool> endUnderWay = false;
    EmitReadiness endTaken;
    /// What the source emitted when it failed. Written before its last delivery.
    std::string sourceError;
    /// Why the sink does not take the source's bytes any more.
    std::string sinkError;
};

/// Whom a worker tells about its sources; called on the worker's thread.
struct WorkerEvents
{
    /// The sink does not take the source's bytes any more: stop it.
    std::function<void(std::size_t source)> sinkFailed;
    /// Everything of this source has been delivered.
    std::function<void()> closed;
};

/// One thread's part of a session: the sources whose place modulo the number of workers is its own.
class IngestWorker
{
public:
    /// `queueCapacity`: deliveries that can exist at once.
    IngestWorker(std::size_t workerIndex, std::size_t workerCount, std::size_t sourceCount,
                 std::size_t queueCapacity, Sink& workerSink, WorkerEvents workerEvents);

    /// What the source gets as its emit function. When that is destroyed the source has closed.
    EmitFunction emitFunction(std::size_t source);

    /// The thread's whole life: until all of its sources have closed.
    void run() noexcept;

    // Any thread.

    std::uint64_t bytes() const noexcept
    {
        return deliveredBytes.load(std::memory_order_relaxed);
    }

    std::uint64_t buffers() const noexcept
    {
        return deliveredBuffers.load(std::memory_order_relaxed);
    }

    std::size_t errors() const noexcept
    {
        return errorCount.load(std::memory_order_relaxed);
    }

    // After run().

    const SourceAccount& account(std::size_t source) const noexcept;

    const LatencyHistogram& latencies() const noexcept
    {
        return histogram;
    }

private:
    class Feed;

    SourceAccount& accountOf(std::size_t source) noexcept;
    void sourceFailed(std::size_t source, std::string message);
    void deliver(std::size_t source, IoBuffer buffer);
    void connectionEnded(std::size_t source, std::uint64_t connection);
    void closeConnection(std::size_t source, std::uint64_t connection);
    void close(std::size_t source);

    /// Calls a function of the sink, and stops the source when it throws.
    template <typename Call>
    void guarded(std::size_t source, SourceAccount& account, Call call);

    const std::size_t index;
    const std::size_t workers;
    Sink& sink;
    const WorkerEvents events;
    DeliveryQueue queue;
    std::vector<SourceAccount> accounts; // by place divided by the number of workers
    std::size_t openSources;
    LatencyHistogram histogram;
    std::atomic<std::uint64_t> deliveredBytes = 0;
    std::atomic<std::uint64_t> deliveredBuffers = 0;
    std::atomic<std::size_t> errorCount = 0;
};

} // namespace weft::tools
