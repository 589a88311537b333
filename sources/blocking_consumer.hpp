#pragma once

#include <weft/reactor/offload_pool.hpp>
#include <weft/sources/source_event.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>

namespace weft
{

/// Takes the events of sources on threads of its own, so that what takes them may block: one for
/// each query, say. A source waits, suspended, until its event has been taken; then it fills the
/// next buffer. So the events of one source stay in order, never two of them are taken at once, and
/// a consumer that blocks holds up its own sources and no other.
///
///     BlockingConsumer query({.name = "query-7", .threadsMax = 2});
///     handle.start(query.emitFunction([&](OriginId origin, SourceEvent event) { ... }));
class BlockingConsumer
{
public:
    struct Options
    {
        /// In messages.
        std::string name;
        /// As many events are taken at once. Threads start when they are needed, and stay.
        std::size_t threadsMax = 1;
    };

    /// May block. What it throws fails the source.
    using Function = std::move_only_function<void(OriginId, SourceEvent)>;

    /// Throws InvalidOption when threadsMax is zero.
    explicit BlockingConsumer(Options options);

    /// Every emit function that was made here is gone, which is so when its source's tryStop has
    /// succeeded: make the consumer before the handles of its sources. Asserted.
    ~BlockingConsumer();

    BlockingConsumer(const BlockingConsumer&) = delete;
    BlockingConsumer& operator=(const BlockingConsumer&) = delete;

    /// An emit function for one source, which has `take` called on one of the threads here. When
    /// the source is stopped, an event that no thread has begun to take is dropped and counted as
    /// SourceStatistics::buffersDropped; one that is being taken is waited for, however long that
    /// takes, because it has the buffer. Fails the source with the operating system's error when
    /// not even one thread can be made.
    EmitFunction emitFunction(Function take);

    /// Threads that have been started.
    std::size_t threadCount() const
    {
        return pool.threadCount();
    }

private:
    class Call;
    class Life;

    const Options settings;
    std::atomic<std::size_t> emitFunctions = 0; // that exist
    std::mutex mutex;                           // guards what becomes of each call
    OffloadPool pool;
};

} // namespace weft
