#pragma once

#include <weft/memory/io_buffer.hpp>
#include <weft/sources/flush_demand.hpp>
#include <weft/timers/clock.hpp>

#include <chrono>
#include <cstddef>
#include <span>

namespace weft
{

/// The buffer that a source fills, and until when.
///
/// A buffer is delivered when it is full, when its flush interval has passed, which counts from its
/// first byte, or when downstream demands what there is. An empty one is never delivered, so a
/// silent source needs no timer.
class Fill
{
public:
    /// A negative interval stands for none. The demand outlives the fill.
    Fill(IoBuffer& filledBuffer, std::chrono::nanoseconds flushInterval,
         FlushDemand& flushDemand) noexcept
        : buffer(filledBuffer),
          interval(flushInterval),
          demand(flushDemand)
    {
    }

    ~Fill()
    {
        demand.notFilling();
    }

    Fill(const Fill&) = delete;
    Fill& operator=(const Fill&) = delete;

    /// The part that is still empty.
    std::span<std::byte> rest() noexcept
    {
        return buffer.writable().subspan(buffer.sizeBytes());
    }

    /// Says that the first `sizeBytes` of rest() have been filled.
    void advance(std::size_t sizeBytes) noexcept;

    /// False when the buffer is full, its flush is due or it is demanded: return from fillBuffer.
    bool wantsMore() const noexcept;

    /// When the buffer must be delivered; NoDeadline while it is empty, and centuries ahead for one
    /// without flush interval. For the calls that wait,
    /// asked for anew before each of them: a wait with this deadline ends early, with
    /// IoError::DeadlineExpired, when downstream demands the buffer.
    Deadline deadline() const noexcept;

    std::size_t sizeBytes() const noexcept
    {
        return buffer.sizeBytes();
    }

    std::size_t capacityBytes() const noexcept
    {
        return buffer.capacityBytes();
    }

private:
    IoBuffer& buffer;
    std::chrono::nanoseconds interval;
    FlushDemand& demand;
    Deadline flushDue = NoDeadline;
};

} // namespace weft
