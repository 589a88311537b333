/// \file
/// The part of a source's life between open() and close(): buffers are acquired, filled and
/// emitted.

#include <weft/fibers/this_fiber.hpp>
#include <weft/sources/fill.hpp>
#include <weft/sources/source_execution.hpp>
#include <weft/sources/source_failure.hpp>
#include <weft/sources/source_task.hpp>

#include <exception>
#include <utility>

namespace weft
{

/// Until the stream has ended (true) or a stop was asked for (false).
bool SourceTask::fillAndEmit()
{
    FillWindow window(flushTimes, demand, execution->racks());
    while (!this_fiber::stopRequested())
    {
        if (!acquireFor(window))
        {
            break;
        }
        auto status = FillStatus::More;
        std::exception_ptr failure;
        window.beginFill();
        try
        {
            Fill fill(window);
            status = source->fillBuffer(fill);
        }
        catch (...)
        {
            failure = std::current_exception();
        }
        window.endFill(failure || status == FillStatus::EndOfStream);
        counters.setMessagesLost(source->messagesLost());
        emitFrom(window);
        if (failure)
        {
            std::rethrow_exception(failure);
        }
        if (status == FillStatus::EndOfStream)
        {
            return !this_fiber::stopRequested();
        }
        // A source that need not wait must not keep the others out.
        if (!window.hasProgressed())
        {
            this_fiber::yield();
        }
        else if (window.owesTurn() && this_fiber::onReactor())
        {
            this_fiber::giveWay(window.mayStay());
        }
    }
    window.endAll();
    emitFrom(window);
    return false;
}

/// One buffer for the window, and others if they are worth having and free. False when a stop came,
/// without which the wait for the first has no end but a buffer.
bool SourceTask::acquireFor(FillWindow& window)
{
    if (window.count() == 0)
    {
        IoBuffer buffer;
        if (!acquire(buffer))
        {
            return false;
        }
        window.offer(std::move(buffer));
    }
    while (window.count() < window.countWanted() && window.makeRoom())
    {
        auto spare = execution->tryAcquire();
        if (!spare)
        {
            break;
        }
        window.offer(std::move(spare));
    }
    counters.holds(execution->buffersInFlight());
    return true;
}

/// False when a stop came.
bool SourceTask::acquire(IoBuffer& buffer)
{
    buffer = execution->tryAcquire();
    if (!buffer)
    {
        counters.holds(execution->buffersInFlight());
        counters.waitBegins();
        auto acquired = execution->acquire();
        counters.waitEnds();
        if (!acquired)
        {
            return false;
        }
        buffer = std::move(*acquired);
    }
    return true;
}

/// All that is to be delivered.
void SourceTask::emitFrom(FillWindow& window)
{
    while (auto buffer = window.takeDeliverable())
    {
        try
        {
            // Who demands wants all that has been filled, so the last buffer of it.
            const bool fulfilsDemand = !window.hasBytes() && demand.fulfil();
            emitData(std::move(buffer), fulfilsDemand);
        }
        catch (...)
        {
            dropRest(window);
            throw;
        }
    }
}

/// What has been filled behind a buffer that was refused, down to the last byte.
void SourceTask::dropRest(FillWindow& window) noexcept
{
    window.endAll();
    while (const auto buffer = window.takeDeliverable())
    {
        counters.emits(buffer.sizeBytes(), false);
        counters.dropped(buffer.sizeBytes());
    }
}

void SourceTask::emitData(IoBuffer buffer, bool demanded)
{
    auto& metadata = buffer.metadata();
    metadata.originId = origin;
    const auto sizeBytes = buffer.sizeBytes();
    metadata.sequenceNumber = counters.emits(sizeBytes, demanded);
    try
    {
        emit(origin, SourceData{std::move(buffer)});
    }
    catch (...)
    {
        // Opening the source again would not help, whatever the code says.
        retryPointless = true;
        if (isAnswerToStop(std::current_exception()))
        {
            counters.dropped(sizeBytes);
        }
        throw;
    }
}

} // namespace weft
