#pragma once

#include <weft/memory/io_buffer.hpp>
#include <weft/sources/flush_demand.hpp>
#include <weft/sources/flush_times.hpp>
#include <weft/sources/reconnect.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_counters.hpp>
#include <weft/sources/source_runner.hpp>
#include <weft/timers/clock.hpp>

#include <boost/fiber/condition_variable.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

namespace weft
{

class Connections;
class FillWindow;
class SourceExecution;

/// The life of one source, from its first open to its last event: what a runner and its fiber or
/// thread share. Rules that run() keeps:
///   1. close is called exactly as often as open has returned, and sees no stop.
///   2. What a source had put into a buffer is emitted before anything else happens, whether it
///      returned, threw or was stopped.
///   3. A buffer that the emit function refuses, by throwing, is the last one that is offered: what
///      came after it would leave a gap in the stream. Whatever the source had filled behind it is
///      counted as emitted and dropped: it has sequence numbers, and nobody sees it. Nothing else
///      is dropped, but for the refused buffer itself where a stop is the reason.
///   4. One last event at most: the end of the stream, unless a stop was asked for, or the first
///      failure. IoError::Stopped under a stop is no failure.
///   5. The source and the emit function are destroyed before anybody is told that it is over.
///   6. A listening source has connections in place of buffers. It is over when they are.
class alignas(64) SourceTask
{
public:
    SourceTask(OriginId sourceOrigin, SourceRunnerOptions runnerOptions,
               std::unique_ptr<Source> sourceToRun);

    ~SourceTask();

    SourceTask(const SourceTask&) = delete;
    SourceTask& operator=(const SourceTask&) = delete;

    /// Takes the emit function for the one start that is allowed; false for another one.
    bool begin(EmitFunction&& emitFunction);
    /// The start has failed after begin(): it may be tried again.
    void unbegin() noexcept;

    /// Runs everything. On the source's own fiber or thread, once, after begin(). The execution
    /// may go when it returns.
    void run(SourceExecution& execution) noexcept;

    const std::string& name() const noexcept
    {
        return options.name;
    }

    /// What a fiber needs to run it. Before run().
    StackClass stackClass() const noexcept
    {
        return source->stackClass();
    }

    std::stop_source& stopSource() noexcept
    {
        return stop;
    }

    /// See SourceRunner::requestFlush().
    void requestFlush() noexcept;

    /// Whether it is over, or never began. Suspends; on a plain thread, blocks it.
    bool waitUntilOver(Deadline deadline);

    SourceStatistics statistics() const;
    std::vector<ConnectionStatistics> connectionList() const;

private:
    void claimBuffers(SourceExecution& own);
    bool runAttempts();
    bool runOnce();
    bool fillAndEmit();
    bool acquireFor(FillWindow& window);
    bool acquire(IoBuffer& buffer);
    void emitFrom(FillWindow& window);
    void dropRest(FillWindow& window) noexcept;
    void closeSource(std::exception_ptr& failure) noexcept;
    void emitData(IoBuffer buffer, bool demanded);
    void emitLast(bool endOfStream, const std::exception_ptr& failure) noexcept;
    std::optional<std::chrono::nanoseconds> pauseAfter(const std::system_error& error);
    SourceFailure describeFinal(const std::exception_ptr& failure);
    void noteEndpoint(std::string description);
    void noteError(const std::string& message);

    // What each buffer touches, together: where sources are many it is out of the caches each time.
    std::unique_ptr<Source> source;
    SourceExecution* execution = nullptr; // while it runs; for other threads under the mutex
    const OriginId origin;
    FlushDemand demand;
    EmitFunction emit;
    SourceCounters counters;

    const SourceRunnerOptions options;
    std::stop_source stop;

    // Of the fiber or thread that runs it.
    Reconnect reconnect;
    FlushTimes flushTimes{std::chrono::nanoseconds::zero()};
    bool retryPointless = false; // whatever the error is
    /// Of a listening source, which then has no buffers of its own.
    std::unique_ptr<Connections> connections;

    mutable std::mutex mutex; // guards what follows
    boost::fibers::condition_variable_any changed;
    bool begun = false;
    bool over = false;
    std::string endpoint;
    std::string lastError;
};

} // namespace weft
