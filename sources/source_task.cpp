#include <weft/fibers/this_fiber.hpp>
#include <weft/memory/assert.hpp>
#include <weft/reactor/acquire_buffer.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/reactor.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_task.hpp>

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
    return failure && this_fiber::stopRequested() && describe(failure).code == IoError::Stopped;
}

} // namespace

SourceTask::SourceTask(OriginId sourceOrigin, SourceRunnerOptions runnerOptions,
                       std::unique_ptr<Source> sourceToRun)
    : origin(sourceOrigin),
      options(std::move(runnerOptions)),
      source(std::move(sourceToRun)),
      jitter(static_cast<std::uint32_t>(sourceOrigin * 2654435761U + 1U))
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

void SourceTask::run() noexcept
{
    bool endOfStream = false;
    std::exception_ptr failure;
    try
    {
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
    emitLast(endOfStream, failure);
    source.reset();
    emit = nullptr;
    setState(failure       ? SourceState::Failed
             : endOfStream ? SourceState::Ended
                           : SourceState::Stopped);
    const std::lock_guard lock(mutex);
    over = true;
    changed.notify_all();
}

/// Opens the source, again after transient errors as the policy says, until the stream has ended
/// (true) or a stop was asked for (false).
bool SourceTask::runAttempts()
{
    auto reservation = reserve();
    for (;;)
    {
        try
        {
            return runOnce(reservation);
        }
        catch (const std::system_error& error)
        {
            if (!mayRetry(error))
            {
                throw;
            }
            noteError(error.what());
        }
        if (!pauseBeforeRetry())
        {
            return false;
        }
    }
}

bool SourceTask::runOnce(BufferReservation& reservation)
{
    if (this_fiber::stopRequested())
    {
        return false;
    }
    setState(SourceState::Opening);
    source->open();
    failuresInARow = 0;
    add(opens, 1);
    {
        auto description = source->describe();
        const std::lock_guard lock(mutex);
        endpoint = std::move(description);
    }
    setState(SourceState::Running);

    bool endOfStream = false;
    std::exception_ptr failure;
    try
    {
        endOfStream = fillAndEmit(reservation);
    }
    catch (...)
    {
        failure = std::current_exception();
    }
    closeSource(failure);
    if (failure)
    {
        std::rethrow_exception(failure);
    }
    return endOfStream;
}

bool SourceTask::fillAndEmit(BufferReservation& reservation)
{
    IoBuffer buffer;
    while (!this_fiber::stopRequested())
    {
        if (!buffer)
        {
            auto acquired = acquireBuffer(reservation);
            if (!acquired)
            {
                break; // without a deadline only a stop ends the wait
            }
            buffer = std::move(*acquired);
        }
        Fill fill(buffer, options.flushInterval);
        auto status = FillStatus::More;
        std::exception_ptr failure;
        try
        {
            status = source->fillBuffer(fill);
        }
        catch (...)
        {
            failure = std::current_exception();
        }
        if (fill.sizeBytes() > 0)
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

BufferReservation SourceTask::reserve() const
{
    auto reservation = Reactor::current()->buffers().reserve(options.name);
    if (!reservation)
    {
        throw SourceError(std::make_error_code(std::errc::no_buffer_space),
                          reservation.error().message());
    }
    return std::move(*reservation);
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
    const auto sizeBytes = buffer.sizeBytes();
    auto& metadata = buffer.metadata();
    metadata.originId = origin;
    metadata.sequenceNumber = buffers.load(std::memory_order_relaxed);
    add(buffers, 1);
    add(bytes, sizeBytes);
    emit(origin, SourceData{std::move(buffer)});
}

void SourceTask::emitLast(bool endOfStream, const std::exception_ptr& failure) noexcept
{
    try
    {
        if (failure)
        {
            auto described = describe(failure);
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

bool SourceTask::mayRetry(const std::system_error& error) noexcept
{
    return !this_fiber::stopRequested() && isTransient(error.code()) &&
           failuresInARow < options.reconnect.attemptsMax;
}

bool SourceTask::pauseBeforeRetry()
{
    setState(SourceState::Opening);
    const auto& policy = options.reconnect;
    constexpr std::uint64_t DoublingsMax = 32;
    const auto doublings = std::min(failuresInARow, DoublingsMax);
    const auto ceiling = policy.pauseLeast >= policy.pauseMost / (std::int64_t{1} << doublings)
                             ? policy.pauseMost
                             : policy.pauseLeast * (std::int64_t{1} << doublings);
    ++failuresInARow;
    add(retries, 1);
    std::uniform_int_distribution<std::int64_t> pause(0, ceiling.count());
    return io::sleepFor(std::chrono::nanoseconds(pause(jitter))).has_value();
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
    const std::lock_guard lock(mutex);
    statistics.endpoint = endpoint;
    statistics.lastError = lastError;
    return statistics;
}

void SourceTask::setState(SourceState newState) noexcept
{
    state.store(newState, std::memory_order_relaxed);
}

void SourceTask::noteError(const std::string& message)
{
    const std::lock_guard lock(mutex);
    lastError = message;
}

} // namespace weft
