#pragma once

#include <weft/sources/reconnect.hpp>
#include <weft/sources/source_event.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weft
{

class Source;
class SourceDescriptor;
class SourceTask;

enum class SourceState : std::uint8_t
{
    Created, // start() has not been called
    Opening, // or waits to be opened again
    Running,
    Stopping, // closes, whatever the reason
    Stopped,  // on request
    Ended,    // end of stream
    Failed,
};

std::string_view toString(SourceState state) noexcept;

/// What a runner is told beside the source itself.
struct SourceRunnerOptions
{
    /// In messages, and the name of its fiber or thread.
    std::string name;
    /// See Fill. Negative: only full buffers are delivered, and what downstream demands.
    std::chrono::nanoseconds flushInterval = std::chrono::milliseconds(10);
    /// The most buffers that it may have out at once, its own included. Zero: as the pool's rule
    /// for shared buffers allows.
    std::uint32_t buffersInFlightMax = 0;
    ReconnectPolicy reconnect;

    /// From the parameters that every type has, and those of reconnectParameters() if it has them.
    static SourceRunnerOptions from(const SourceDescriptor& descriptor);
};

/// Each number is exact when read alone.
struct SourceStatistics
{
    SourceState state = SourceState::Created;
    std::uint64_t bytes = 0;   // handed to the emit function
    std::uint64_t buffers = 0; // handed to the emit function
    /// Of those: that the emit function did not take because the source was stopped; and what had
    /// been filled behind one that it refused, which was not offered to it.
    std::uint64_t buffersDropped = 0;
    std::uint64_t bytesDropped = 0;    // in them
    std::uint64_t buffersDemanded = 0; // delivered partly filled because downstream asked
    std::uint64_t messagesLost = 0;    // on the way to the source: Source::messagesLost()
    std::uint64_t opens = 0;           // that succeeded
    std::uint64_t retries = 0;         // after transient errors, in all
    std::uint64_t retriesInARow = 0;   // since it last was well

    // Its share of the pool.
    std::uint32_t buffersInFlight = 0; // when it last asked for one
    std::uint64_t bufferWaits = 0;     // requests that had to wait
    std::chrono::nanoseconds bufferWaitTotal{};
    std::chrono::nanoseconds bufferWaitLongest{}; // the one that goes on included

    // Of a listening source. The numbers above are then those of its connections together.
    std::uint64_t connectionsOpen = 0;
    std::uint64_t connectionsAccepted = 0; // the open ones included
    std::uint64_t connectionsFailed = 0;   // of these
    /// That the machine could not take yet, for want of descriptors or buffers, say: each is tried
    /// again. lastError has the reason.
    std::uint64_t acceptFailures = 0;

    std::string endpoint; // what Source::describe() said
    std::string lastError;
};

/// One connection of a listening source.
struct ConnectionStatistics
{
    ConnectionNumber connection = 0;
    SourceStatistics statistics;
};

enum class TryStopResult : std::uint8_t
{
    Success, // closed, and the runtime's copy of the emit function is destroyed
    Timeout,
};

/// Drives one source from start to end. Any thread may call any member but the destructor.
class SourceRunner
{
public:
    /// Stops and waits. Suspends; on a plain thread, blocks it. Not from within the source's own
    /// emit function.
    virtual ~SourceRunner();

    SourceRunner(const SourceRunner&) = delete;
    SourceRunner& operator=(const SourceRunner&) = delete;

    /// Runs the source and emits its events. Returns at once; false when it has been started
    /// before, and the emit function is then destroyed unused. Throws std::system_error when the
    /// runtime has shut down or has no fiber record, thread or buffers left for it; it may be
    /// tried again then.
    ///
    /// What is emitted: data; then, unless a stop was asked for, the end of the stream; or one
    /// failure, which an exception of close does not replace. By a listening source, in place of
    /// the data: the begin of each connection, its data and, with the same exception, its end.
    bool start(EmitFunction emit);

    /// Asks the source to stop. Returns at once. Idempotent; before start() it does nothing.
    void stop() noexcept;

    /// Asks the source to stop and waits for that, at most `timeout`. Success too when it never was
    /// started. Suspends; on a plain thread, blocks it. From within the source's own emit function
    /// it can only time out.
    TryStopResult tryStop(std::chrono::nanoseconds timeout);

    /// Asks for what the source has filled so far, in place of waiting for its flush interval.
    /// Returns at once. A buffer without bytes is not delivered; then the first that come are.
    void requestFlush() noexcept;

    SourceStatistics statistics() const;

    /// Those that are open now; none if the source does not listen.
    std::vector<ConnectionStatistics> connections() const;

protected:
    SourceRunner(OriginId origin, SourceRunnerOptions options, std::unique_ptr<Source> source);

private:
    /// Has launched->run() called, once, by what the runner is named for, which holds on to it.
    virtual void launch(std::shared_ptr<SourceTask> launched) = 0;

    const std::shared_ptr<SourceTask> task;
};

} // namespace weft
