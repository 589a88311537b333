#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

/// \file
/// The buffer that a source fills and a consumer reads.
///
/// A handle of one pointer, which owns its buffer. Destroying or resetting it gives the buffer back
/// to its pool: from any thread, at any time, also after the pool and the whole runtime are gone;
/// the memory then goes with the last buffer. Giving back is lock-free and wakes the source that
/// waits longest, if one does.
///
/// One thread at a time may use a handle, as with any value. Passing it to another thread needs
/// the ordering that any queue between threads provides.

namespace weft
{

struct IoBufferSlot;

/// What a runner writes on a buffer for those downstream. The pool only clears it.
struct BufferMetadata
{
    /// The source that filled the buffer.
    std::uint64_t originId = 0;
    /// The connection of that source that it came over; zero for a source that has but one stream.
    std::uint64_t connection = 0;
    /// Position in that stream, counted in buffers.
    std::uint64_t sequenceNumber = 0;
    /// When the buffer was filled.
    std::chrono::steady_clock::time_point creationTime{};
};

class IoBuffer
{
public:
    /// Holds nothing.
    IoBuffer() noexcept = default;

    ~IoBuffer()
    {
        reset();
    }

    IoBuffer(IoBuffer&& other) noexcept : slot(std::exchange(other.slot, nullptr))
    {
    }

    IoBuffer& operator=(IoBuffer&& other) noexcept
    {
        if (this != &other)
        {
            reset();
            slot = std::exchange(other.slot, nullptr);
        }
        return *this;
    }

    /// Whether it holds a buffer. All below but reset() need one.
    explicit operator bool() const noexcept
    {
        return slot != nullptr;
    }

    /// Gives the buffer back and holds nothing from then on.
    void reset() noexcept
    {
        if (slot != nullptr)
        {
            release(std::exchange(slot, nullptr));
        }
    }

    /// The whole capacity, filled or not. A fresh buffer has unspecified contents.
    std::span<std::byte> writable() noexcept;

    /// The filled part: the first sizeBytes() bytes.
    std::span<const std::byte> bytes() const noexcept;

    std::size_t capacityBytes() const noexcept;

    /// Bytes filled; zero in a fresh buffer.
    std::size_t sizeBytes() const noexcept;

    /// Says how many bytes are filled, at most capacityBytes().
    void setSizeBytes(std::size_t sizeBytes) noexcept;

    BufferMetadata& metadata() noexcept;
    const BufferMetadata& metadata() const noexcept;

private:
    friend class IoBufferPool;

    explicit IoBuffer(IoBufferSlot& ownedSlot) noexcept : slot(&ownedSlot)
    {
    }

    static void release(IoBufferSlot* slot) noexcept;

    IoBufferSlot* slot = nullptr;
};

} // namespace weft
