#pragma once

#include <weft/memory/buffer_rack.hpp>
#include <weft/memory/io_buffer.hpp>
#include <weft/reactor/io.hpp>
#include <weft/sources/flush_times.hpp>
#include <weft/timers/clock.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace weft
{

class FlushDemand;
class SourceTask;

/// What a source's life needs of that which runs it, a fiber or a thread. Made there, and used
/// there but for what is marked otherwise.
class SourceExecution
{
public:
    SourceExecution(const SourceExecution&) = delete;
    SourceExecution& operator=(const SourceExecution&) = delete;

    /// Claims the source's buffer, and at most `buffersInFlightMax` in all (zero: the pool's rule).
    /// Throws SourceError when the pool refuses.
    virtual void reserve(const std::string& sourceName, std::uint32_t buffersInFlightMax) = 0;

    /// Gives the claim back; nothing when there is none.
    virtual void release() noexcept = 0;

    /// A buffer if one is there for the source now.
    virtual IoBuffer tryAcquire() noexcept = 0;

    /// Waits for a buffer. Error: IoError::Stopped. Suspends.
    virtual io::Result<IoBuffer> acquire() = 0;

    /// For the source's window.
    virtual BufferRacks& racks() noexcept = 0;

    /// Buffers taken that have not been seen to come back.
    virtual std::uint32_t buffersInFlight() const noexcept = 0;

    /// The source tolerates batching (reactor/batching.hpp) within its flush interval, from here to
    /// release(). Answers how late the source is told of completions and deadlines then.
    virtual FlushTimes::Delays
    allowBatching([[maybe_unused]] std::chrono::nanoseconds flushInterval) noexcept
    {
        return {};
    }

    /// Ends the source's wait for the buffer's flush, if that is what it waits for. Any thread,
    /// while the object exists.
    virtual void bringFlushForward(FlushDemand& demand) noexcept = 0;

    /// Runs another source, which has begun, as this one is run: on a fiber of the same reactor, or
    /// on a thread of its own. Throws as SourceRunner::start().
    virtual void launch(std::shared_ptr<SourceTask> task) = 0;

protected:
    SourceExecution() = default;
    ~SourceExecution() = default;
};

} // namespace weft
