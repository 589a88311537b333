#pragma once

#include <weft/sources/source_event.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft
{

class SourceDescriptor;

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

/// When and how often a source is opened again after a transient error (isTransient), whether it
/// came from open or later. The pauses double from `pauseLeast` to `pauseMost`; each is drawn
/// between zero and that ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015: full
/// jitter).
struct ReconnectPolicy
{
    /// Attempts after one another without success. Zero: the first error is final.
    std::uint64_t attemptsMax = 0;
    std::chrono::nanoseconds pauseLeast = std::chrono::milliseconds(100);
    std::chrono::nanoseconds pauseMost = std::chrono::seconds(10);
};

/// What a runner is told beside the source itself.
struct SourceRunnerOptions
{
    /// In messages, and the name of its fiber.
    std::string name;
    /// See Fill. Negative: only full buffers are delivered.
    std::chrono::nanoseconds flushInterval = std::chrono::milliseconds(10);
    ReconnectPolicy reconnect;

    /// From the parameters that every type has, and those of reconnectParameters() if it has them.
    static SourceRunnerOptions from(const SourceDescriptor& descriptor);
};

/// Each number is exact when read alone.
struct SourceStatistics
{
    SourceState state = SourceState::Created;
    std::uint64_t bytes = 0;   // emitted
    std::uint64_t buffers = 0; // emitted
    std::uint64_t opens = 0;   // that succeeded
    std::uint64_t retries = 0; // after transient errors
    std::string endpoint;      // what Source::describe() said
    std::string lastError;
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
    /// Stops and waits. Suspends; on a plain thread, blocks it.
    virtual ~SourceRunner() = default;

    /// Runs the source and emits its events. Returns at once; false when it has been started
    /// before, and the emit function is then destroyed unused. Throws std::system_error when the
    /// runtime has shut down or has no fiber record left.
    ///
    /// What is emitted: data; then, unless a stop was asked for, the end of the stream; or one
    /// failure, which an exception of close does not replace.
    virtual bool start(EmitFunction emit) = 0;

    /// Asks the source to stop. Returns at once. Idempotent; before start() it does nothing.
    virtual void stop() noexcept = 0;

    /// Asks the source to stop and waits for that, at most `timeout`. Success too when it never was
    /// started. Suspends; on a plain thread, blocks it. From within the source's own emit function
    /// it can only time out.
    virtual TryStopResult tryStop(std::chrono::nanoseconds timeout) = 0;

    virtual SourceStatistics statistics() const = 0;

protected:
    SourceRunner() = default;
    SourceRunner(const SourceRunner&) = delete;
    SourceRunner& operator=(const SourceRunner&) = delete;
};

} // namespace weft
