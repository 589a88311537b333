#pragma once

#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_handle.hpp>
#include <weft/timers/clock.hpp>

#include "ingest_plan.hpp"
#include "ingest_result.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace weft::tools
{

class IngestWorker;
class Sink;

inline constexpr std::size_t SourceStateCount = 7;

/// A look at a session while it runs. Rates come from two of them.
struct IngestProgress
{
    Clock::time_point time;
    std::uint64_t bytes = 0;   // delivered to the sink
    std::uint64_t buffers = 0; // delivered to the sink
    /// Sources in each state, by SourceState.
    std::array<std::size_t, SourceStateCount> sources{};
    /// Failures so far, of sources and of their sinks.
    std::size_t errors = 0;
    /// Those that are open, of sources that listen; none: no source does.
    std::optional<std::uint64_t> connections;
    std::vector<ReactorStatistics> reactors;
    /// The pool of sources with execution: thread.
    IoBufferPoolStatistics threadBuffers;

    std::size_t count(SourceState state) const noexcept
    {
        return sources[static_cast<std::size_t>(state)];
    }
};

/// Runs a plan from start to end: the runtime, its sources, the workers and the sink.
///
///     reactors ── one queue for each worker ──> workers ──> sink
///
/// 1. A source belongs to one worker (its place in the plan modulo the workers), so its buffers are
///    delivered in the order in which it emitted them.
/// 2. The queues hold every buffer that exists, so emitting never waits for a worker. A slow sink
///    keeps buffers, and the sources wait for those: that is the back-pressure.
/// 3. A source whose sink fails is stopped and has failed; the others go on.
/// 4. Nothing is allocated for a buffer on its way.
///
/// Call in this order: start(), wait() until it answers true, finish(). All from one thread, but
/// requestStop() from any.
class IngestSession
{
public:
    /// Starts the runtime, then prepares the sink; no source is opened yet. Throws InvalidOption,
    /// SinkError, and std::system_error when the machine refuses something.
    explicit IngestSession(IngestPlan plan);

    /// Stops what still runs and waits for it.
    ~IngestSession();

    IngestSession(const IngestSession&) = delete;
    IngestSession& operator=(const IngestSession&) = delete;

    /// Starts the workers and all sources. Returns at once. What keeps a source from starting is in
    /// its result.
    void start();

    /// Stops all sources; what they have read is still delivered. Returns at once. Idempotent.
    void requestStop() noexcept;

    /// Waits until all sources have ended and everything has been delivered; false when `timeout`
    /// passes first.
    bool wait(std::chrono::nanoseconds timeout);

    /// The same for those who wait for more than that, with poll(2): a descriptor that becomes
    /// readable then. Not to be read.
    int doneDescriptor() const noexcept
    {
        return doneEvent.get();
    }

    IngestProgress progress() const;

    /// "NAME: listening on ADDRESS" for each source that does so since the last call: the kernel
    /// may have chosen the port.
    std::vector<std::string> newListeners();

    /// Whether there may be others.
    bool awaitsListeners() const noexcept
    {
        return !listenersAwaited.empty();
    }

    /// The account. All has been delivered: wait() has answered true. Shuts the runtime down. Once.
    IngestResult finish();

    const IngestPlan& plan() const noexcept
    {
        return ingestPlan;
    }

private:
    void startWorkers();
    void startSource(std::size_t source);
    void sourceClosed() noexcept;
    void joinWorkers() noexcept;
    SourceResult resultOf(std::size_t source);
    IoBufferPoolStatistics threadBuffers() const;

    const IngestPlan ingestPlan;
    Runtime runtime;
    std::unique_ptr<Sink> sink;
    std::vector<std::unique_ptr<IngestWorker>> workers;
    std::vector<std::thread> threads;
    std::vector<SourceHandle> handles; // by place in the plan
    /// By place in the plan: why it could not be started.
    std::vector<std::string> startErrors;

    std::vector<std::size_t> listenersAwaited; // by place in the plan

    /// Readable when the last source is closed.
    OwnedDescriptor doneEvent;
    std::atomic<std::size_t> openSources;
    std::atomic<Clock::rep> doneTime = 0;
    Clock::time_point startTime;
    ResourceUsage usageAtStart;
    bool started = false;
};

} // namespace weft::tools
