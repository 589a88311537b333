#include <weft/fibers/this_fiber.hpp>
#include <weft/memory/assert.hpp>
#include <weft/reactor/io.hpp>
#include <weft/sources/quantity.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_execution.hpp>
#include <weft/sources/source_task.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weft
{

namespace
{

/// Adds for the only writer, without the cost of an atomic addition.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept
{
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

SourceFailure describe(const std::exception_ptr& failure)
{
    try
    {
        std::rethrow_exception(failure);
    }
    catch (const std::system_error& error)
    {
        return {.code = error.code(), .message = error.what(), .exception = failure};
    }
    catch (const std::exception& error)
    {
        return {.code = {}, .message = error.what(), .exception = failure};
    }
    catch (...)
    {
        return {.code = {}, .message = "the source threw something unknown", .exception = failure};
    }
}

/// Whether what escaped is only the source's answer to a stop.
bool isAnswerToStop(const std::exception_ptr& failure)
{
    // The token is stopped a moment before the fiber, and who waits with a callback may answer it.
    return failure && describe(failure).code == IoError::Stopped &&
           (this_fiber::stopRequested() || this_fiber::stopToken().stop_requested());
}

} // namespace

SourceTask::SourceTask(OriginId sourceOrigin, SourceRunnerOptions runnerOptions,
                       std::unique_ptr<Source> sourceToRun)
    : origin(sourceOrigin),
      options(std::move(runnerOptions)),
      source(std::move(sourceToRun)),
      reconnect(options.reconnect, sourceOrigin)
{
}

bool SourceTask::begin(EmitFunction&& emitFunction)
{
    const std::lock_guard lock(mutex);
    if (begun)
    {
        return false;
    }
    begun = true;
    emit = std::move(emitFunction);
    setState(SourceState::Opening);
    return true;
}

void SourceTask::unbegin() noexcept
{
    const std::lock_guard lock(mutex);
    begun = false;
    emit = nullptr;
    setState(SourceState::Created);
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
        own.reserve(options.name, options.buffersInFlightMax);
        endOfStream = runAttempts();
    }
    catch (...)
    {
        failure = std::current_exception();
    }
    if (isAnswerToStop(failure))
    {
        failure = nullptr;
    }
    own.release();
    emitLast(endOfStream, failure);
    source.reset();
    emit = nullptr;
    setState(failure       ? SourceState::Failed
             : endOfStream ? SourceState::Ended
                           : SourceState::Stopped);
    const std::lock_guard lock(mutex);
    execution = nullptr;
    over = true;
    changed.notify_all();
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
        setState(SourceState::Opening);
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
    setState(SourceState::Opening);
    source->open();
    reconnect.opened(Clock::now());
    add(opens, 1);

    bool endOfStream = false;
    std::exception_ptr failure;
    try
    {
        noteEndpoint(source->describe());
        setState(SourceState::Running);
        endOfStream = fillAndEmit();
    }
    catch (...)
    {
        failure = std::current_exception();
    }
    closeSource(failure);
    if (failure)
    {
        // A stream that has ended would be delivered once more.
        retryPointless |= endOfStream;
        std::rethrow_exception(failure);
    }
    return endOfStream;
}

bool SourceTask::fillAndEmit()
{
    IoBuffer buffer;
    while (!this_fiber::stopRequested())
    {
        if (!buffer && !acquire(buffer))
        {
            break;
        }
        auto status = FillStatus::More;
        std::exception_ptr failure;
        {
            Fill fill(buffer, options.flushInterval, demand);
            try
            {
                status = source->fillBuffer(fill);
            }
            catch (...)
            {
                failure = std::current_exception();
            }
        }
        if (buffer.sizeBytes() > 0)
        {
            emitData(std::move(buffer));
        }
        if (failure)
        {
            std::rethrow_exception(failure);
        }
        if (status == FillStatus::EndOfStream)
        {
            return !this_fiber::stopRequested();
        }
        if (buffer)
        {
            // Nothing came: a source that returns at once must not keep the others out.
            this_fiber::yield();
        }
    }
    return false;
}

/// False when a stop came, without which the wait has no end but a buffer.
bool SourceTask::acquire(IoBuffer& buffer)
{
    buffer = execution->tryAcquire();
    if (!buffer)
    {
        buffersInFlight.store(execution->buffersInFlight(), std::memory_order_relaxed);
        const auto since = Clock::now();
        bufferWaitSince.store(since, std::memory_order_relaxed);
        add(bufferWaits, 1);
        auto acquired = execution->acquire();
        const auto waited = Clock::now() - since;
        constexpr auto relaxed = std::memory_order_relaxed;
        bufferWaitTotal.store(bufferWaitTotal.load(relaxed) + waited, relaxed);
        bufferWaitLongest.store(std::max(bufferWaitLongest.load(relaxed), waited), relaxed);
        // After the longest, and read before it: at no moment is this wait in neither.
        bufferWaitSince.store({}, std::memory_order_release);
        if (!acquired)
        {
            return false;
        }
        buffer = std::move(*acquired);
    }
    buffersInFlight.store(execution->buffersInFlight(), std::memory_order_relaxed);
    return true;
}

void SourceTask::closeSource(std::exception_ptr& failure) noexcept
{
    setState(SourceState::Stopping);
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
}

void SourceTask::emitData(IoBuffer buffer)
{
    reconnect.progressed();
    retriesInARow.store(0, std::memory_order_relaxed);
    add(buffersDemanded, demand.fulfil() ? 1 : 0);
    auto& metadata = buffer.metadata();
    metadata.originId = origin;
    metadata.sequenceNumber = buffers.load(std::memory_order_relaxed);
    add(buffers, 1);
    add(bytes, buffer.sizeBytes());
    try
    {
        emit(origin, SourceData{std::move(buffer)});
    }
    catch (...)
    {
        // Opening the source again would not help, whatever the code says.
        retryPointless = true;
        add(buffersDropped, isAnswerToStop(std::current_exception()) ? 1 : 0);
        throw;
    }
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
        noteError(describe(std::current_exception()).message);
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
        retriesInARow.store(reconnect.attemptsInARow(), std::memory_order_relaxed);
        add(retries, 1);
    }
    return pause;
}

/// With what has been tried to get round it.
SourceFailure SourceTask::describeFinal(const std::exception_ptr& failure)
{
    auto described = describe(failure);
    const auto attempts = retriesInARow.load(std::memory_order_relaxed);
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
    return changed.wait_until(lock, deadline, isOver);
}

SourceStatistics SourceTask::statistics() const
{
    SourceStatistics statistics;
    statistics.state = state.load(std::memory_order_relaxed);
    statistics.bytes = bytes.load(std::memory_order_relaxed);
    statistics.buffers = buffers.load(std::memory_order_relaxed);
    statistics.opens = opens.load(std::memory_order_relaxed);
    statistics.retries = retries.load(std::memory_order_relaxed);
    statistics.retriesInARow = retriesInARow.load(std::memory_order_relaxed);
    statistics.buffersDropped = buffersDropped.load(std::memory_order_relaxed);
    statistics.buffersDemanded = buffersDemanded.load(std::memory_order_relaxed);
    statistics.buffersInFlight = buffersInFlight.load(std::memory_order_relaxed);
    statistics.bufferWaits = bufferWaits.load(std::memory_order_relaxed);
    statistics.bufferWaitTotal = bufferWaitTotal.load(std::memory_order_relaxed);
    const auto since = bufferWaitSince.load(std::memory_order_acquire);
    statistics.bufferWaitLongest = bufferWaitLongest.load(std::memory_order_relaxed);
    if (since != Clock::time_point{})
    {
        statistics.bufferWaitLongest = std::max(statistics.bufferWaitLongest, Clock::now() - since);
    }
    const std::lock_guard lock(mutex);
    statistics.endpoint = endpoint;
    statistics.lastError = lastError;
    return statistics;
}

void SourceTask::setState(SourceState newState) noexcept
{
    state.store(newState, std::memory_order_relaxed);
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
