#include <weft/fibers/this_fiber.hpp>
#include <weft/memory/assert.hpp>
#include <weft/reactor/io.hpp>
#include <weft/sources/connections.hpp>
#include <weft/sources/listening_source.hpp>
#include <weft/sources/quantity.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_execution.hpp>
#include <weft/sources/source_failure.hpp>
#include <weft/sources/source_task.hpp>

#include <fmt/format.h>

#include <utility>

namespace weft
{

SourceTask::SourceTask(OriginId sourceOrigin, SourceRunnerOptions runnerOptions,
                       std::unique_ptr<Source> sourceToRun)
    : source(std::move(sourceToRun)),
      origin(sourceOrigin),
      options(std::move(runnerOptions)),
      reconnect(options.reconnect, sourceOrigin)
{
    if (auto* const listening = dynamic_cast<ListeningSource*>(source.get()))
    {
        connections = std::make_unique<Connections>(*listening, origin, options, emit);
    }
}

SourceTask::~SourceTask() = default;

bool SourceTask::begin(EmitFunction&& emitFunction)
{
    const std::lock_guard lock(mutex);
    if (begun)
    {
        return false;
    }
    begun = true;
    emit = std::move(emitFunction);
    counters.setState(SourceState::Opening);
    return true;
}

void SourceTask::unbegin() noexcept
{
    // Destroyed without the lock: it is not ours, and may ask for anything.
    auto refused = std::move(emit);
    refused = nullptr;
    const std::lock_guard lock(mutex);
    begun = false;
    emit = nullptr;
    counters.setState(SourceState::Created);
    changed.notify_all(); // who waits for the end of what has not begun
}

void SourceTask::run(SourceExecution& own) noexcept
{
    {
        const std::lock_guard lock(mutex);
        execution = &own;
    }
    bool endOfStream = false;
    std::exception_ptr failure;
    try
    {
        if (!connections)
        {
            claimBuffers(own);
        }
        endOfStream = runAttempts();
    }
    catch (...)
    {
        failure = std::current_exception();
    }
    if (connections)
    {
        connections->stopAll();
    }
    if (isAnswerToStop(failure))
    {
        failure = nullptr;
    }
    // A stop may have come while the source was closing.
    endOfStream = endOfStream && !this_fiber::stopRequested();
    own.release();
    emitLast(endOfStream, failure);
    source.reset();
    emit = nullptr;
    counters.setState(failure       ? SourceState::Failed
                      : endOfStream ? SourceState::Ended
                                    : SourceState::Stopped);
    const std::lock_guard lock(mutex);
    execution = nullptr;
    over = true;
    changed.notify_all();
}

void SourceTask::claimBuffers(SourceExecution& own)
{
    own.reserve(options.name, options.buffersInFlightMax);
    flushTimes = FlushTimes(options.flushInterval, own.allowBatching(options.flushInterval));
}

/// Opens the source, again after transient errors as the policy says, until the stream has ended
/// (true) or a stop was asked for (false).
bool SourceTask::runAttempts()
{
    for (;;)
    {
        std::optional<std::chrono::nanoseconds> pause;
        try
        {
            return runOnce();
        }
        catch (const std::system_error& error)
        {
            pause = pauseAfter(error);
            if (!pause)
            {
                throw;
            }
        }
        counters.setState(SourceState::Opening);
        // What would have been tried again is no failure when a stop comes instead.
        if (!io::sleepFor(*pause))
        {
            return false;
        }
    }
}

bool SourceTask::runOnce()
{
    if (this_fiber::stopRequested())
    {
        return false;
    }
    counters.setState(SourceState::Opening);
    source->open();
    reconnect.opened(Clock::now());
    counters.opened();

    const auto emittedBefore = counters.emitted();
    bool endOfStream = false;
    std::exception_ptr failure;
    try
    {
        noteEndpoint(source->describe());
        counters.setState(SourceState::Running);
        endOfStream = connections ? connections->serve(*execution) : fillAndEmit();
    }
    catch (...)
    {
        failure = std::current_exception();
    }
    closeSource(failure);
    if (counters.emitted() != emittedBefore)
    {
        reconnect.progressed();
    }
    if (failure)
    {
        // A stream that has ended would be delivered once more.
        retryPointless |= endOfStream;
        std::rethrow_exception(failure);
    }
    return endOfStream;
}

void SourceTask::closeSource(std::exception_ptr& failure) noexcept
{
    counters.setState(SourceState::Stopping);
    const StopShield shield;
    try
    {
        source->close();
    }
    catch (...)
    {
        if (!failure)
        {
            failure = std::current_exception();
        }
    }
    counters.setMessagesLost(source->messagesLost());
}

void SourceTask::emitLast(bool endOfStream, const std::exception_ptr& failure) noexcept
{
    try
    {
        if (failure)
        {
            auto described = describeFinal(failure);
            noteError(described.message);
            emit(origin, std::move(described));
        }
        else if (endOfStream)
        {
            emit(origin, EndOfStream{});
        }
    }
    catch (...)
    {
        // There is nobody left to tell: it was the last event, and its taker refused it.
        noteError(describeFailure(std::current_exception()).message);
    }
}

/// How long to wait before the source is opened again; nothing when the error is final.
std::optional<std::chrono::nanoseconds> SourceTask::pauseAfter(const std::system_error& error)
{
    if (retryPointless || !isTransient(error.code()))
    {
        return std::nullopt;
    }
    const auto pause = reconnect.failed(Clock::now());
    if (pause)
    {
        // Before it is counted: who sees the retry may ask for what it is about.
        noteError(error.what());
        counters.retries(reconnect.attemptsInARow());
    }
    return pause;
}

/// With what has been tried to get round it.
SourceFailure SourceTask::describeFinal(const std::exception_ptr& failure)
{
    auto described = describeFailure(failure);
    const auto attempts = counters.attemptsInARow();
    if (attempts > 0 && !retryPointless)
    {
        const auto tried = std::chrono::duration_cast<std::chrono::milliseconds>(
            reconnect.rowDuration(Clock::now()));
        described.message +=
            fmt::format(" (after {} {} to open it again, in {})", attempts,
                        attempts == 1 ? "attempt" : "attempts", formatDuration(tried));
    }
    return described;
}

void SourceTask::requestFlush() noexcept
{
    if (connections)
    {
        connections->requestFlush();
        return;
    }
    const std::lock_guard lock(mutex);
    if (demand.utter() != NoDeadline && execution != nullptr)
    {
        execution->bringFlushForward(demand);
    }
}

bool SourceTask::waitUntilOver(Deadline deadline)
{
    std::unique_lock lock(mutex);
    const auto isOver = [this]
    {
        return over || !begun;
    };
    if (deadline == NoDeadline)
    {
        changed.wait(lock, isOver);
        return true;
    }
    if (deadline <= Clock::now())
    {
        return isOver();
    }
    return changed.wait_until(lock, deadline, isOver);
}

SourceStatistics SourceTask::statistics() const
{
    auto statistics = counters.read();
    const std::lock_guard lock(mutex);
    statistics.endpoint = endpoint;
    statistics.lastError = lastError;
    if (connections)
    {
        connections->addTo(statistics);
    }
    return statistics;
}

std::vector<ConnectionStatistics> SourceTask::connectionList() const
{
    return connections ? connections->list() : std::vector<ConnectionStatistics>();
}

void SourceTask::noteEndpoint(std::string description)
{
    const std::lock_guard lock(mutex);
    endpoint = std::move(description);
}

void SourceTask::noteError(const std::string& message)
{
    const std::lock_guard lock(mutex);
    lastError = message;
}

} // namespace weft
