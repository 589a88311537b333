#pragma once

#include <weft/memory/io_buffer.hpp>
#include <weft/timers/clock.hpp>

#include <chrono>
#include <cstddef>
#include <span>

namespace weft
{

/// The buffer that a source fills, and until when.
///
/// The flush interval counts from the first byte: a partly filled buffer is delivered when the
/// interval has passed, an empty one never, so a silent source needs no timer.
class Fill
{
public:
    /// A negative interval stands for none.
    Fill(IoBuffer& filledBuffer, std::chrono::nanoseconds flushInterval) noexcept
        : buffer(filledBuffer),
          interval(flushInterval),
          flushDue(NoDeadline)
    {
    }

    /// The part that is still empty.
    std::span<std::byte> rest() noexcept
    {
        return buffer.writable().subspan(buffer.sizeBytes());
    }

    /// Says that the first `sizeBytes` of rest() have been filled.
    void advance(std::size_t sizeBytes) noexcept;

    /// False when the buffer is full or its flush is due: return from fillBuffer.
    bool wantsMore() const noexcept;

    /// When the buffer must be delivered; NoDeadline while it is empty. For the calls that wait.
    Deadline deadline() const noexcept
    {
        return flushDue;
    }

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
    Deadline flushDue;
};

} // namespace weft
