#pragma once

#include "run_board.hpp"
#include "sink.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weft::bench
{

/// This machine or this build cannot run the receiver; the message says why.
class ReceiverUnavailable : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

struct CallCounts
{
    std::uint64_t systemCalls = 0;
    std::uint64_t wakeUps = 0; // of reactors, by other threads
};

/// What a receiver is given. It runs on a thread pinned to the receiver's CPU, or those of all
/// lanes, as do the threads that it starts.
class ReceiverContext
{
public:
    ReceiverContext(RunBoard& runBoard, Sink& runSink) noexcept : board(runBoard), target(runSink)
    {
    }

    const RunPlan& plan() const noexcept
    {
        return board.plan;
    }

    Sink& sink() noexcept
    {
        return target;
    }

    /// Pools, rings and runtimes are there, and not yet a source: what memory and, for files, time
    /// are counted from. For files it waits until all receivers of the run are. To be called once.
    void ready();

    /// The window of a run without end of its own is over: for files, where nobody sets a time.
    void finished();

    // Where source `source` comes from.
    std::string host(std::size_t source) const;
    std::uint16_t port(std::size_t source) const;
    std::string path(std::size_t source) const;

    /// Blocking sockets, in the order of the sources.
    std::vector<int> connectAll() const;

    /// The files, open for reading.
    std::vector<int> openAll() const;

    /// For system calls that do not go through the C library; one thread at a time.
    void countSystemCalls(std::uint64_t count) noexcept
    {
        ringCalls.store(ringCalls.load(std::memory_order_relaxed) + count,
                        std::memory_order_relaxed);
    }

    /// The same for who counts by himself; empty: no more. Any thread may call `counter` until
    /// then.
    void setCounter(std::function<CallCounts()> counter);

    /// Any thread.
    CallCounts calls() const;

    std::int64_t memoryBeforeBytes() const noexcept
    {
        return memoryBefore.load();
    }

    std::function<void()> onReady;    // of who measures
    std::function<void()> onFinished; // likewise

private:
    RunBoard& board;
    Sink& target;
    std::atomic<std::int64_t> memoryBefore = 0;
    std::atomic<std::uint64_t> ringCalls = 0;
    mutable std::mutex mutex; // guards what follows
    std::function<CallCounts()> ownCounter;
};

/// The lanes that one process receives, for a receiver with a reactor for each. What is of the
/// whole process goes to the first one's context.
using Lanes = std::span<ReceiverContext* const>;

/// A way to receive. Each function hands everything on to the sink, or the sinks, and returns when
/// all sources have ended.
struct ReceiverKind
{
    using Function = void (*)(ReceiverContext&);
    using LanesFunction = void (*)(Lanes);

    std::string_view name;
    std::string_view help;
    Function receiveStreams = nullptr;    // null: it cannot
    Function readFiles = nullptr;         // null: it cannot
    LanesFunction receiveLanes = nullptr; // of both sorts; null: it has but one thread
    bool manyThreads = false;             // hand on, for one sink
};

} // namespace weft::bench
