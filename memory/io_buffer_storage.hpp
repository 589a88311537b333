#pragma once

#include <weft/memory/buffer_storage.hpp>
#include <weft/memory/io_buffer.hpp>
#include <weft/memory/return_signal.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>

/// \file
/// Where released I/O buffers meet the owner of their pool.
///
/// One atomic word, `returned`, is all that a releasing thread and the owner share:
///
///   Empty    nothing returned, nobody waits
///   Waiting  nothing returned, and the owner wants the signal for the first that is
///   Closed   the pool is gone; a released buffer drops its reference
///   else     index of the buffer returned last; IoBufferSlot::next leads to the earlier ones
///
/// Rules:
/// 1. A releaser replaces Empty, Waiting or an index by its own index with one compare-and-swap.
///    The one that replaces Waiting, and no other, calls the signal.
/// 2. The owner replaces Empty by Waiting only with a compare-and-swap. If that fails, a buffer
///    came back first, and the owner looks again instead of sleeping. So a wake-up cannot be lost:
///    the two threads meet in one word, and no fence between two words is needed.
/// 3. Releasers only push and the owner only takes everything, so the same index at the head always
///    means that linking to it is right, whatever happened in between.
/// 4. After its compare-and-swap a releaser touches nothing, because the storage may be gone. The
///    one that has to signal holds a reference that the owner took for it together with Waiting.

namespace weft
{

class IoBufferStorage;
struct ReservationRecord;

/// What is known about one buffer. It lies apart from the bytes, so that a buffer nobody used yet
/// stays untouched, and fills one cache line.
struct alignas(64) IoBufferSlot
{
    IoBufferStorage* storage = nullptr;

    /// Whoever holds the buffer.
    std::size_t sizeBytes = 0;
    BufferMetadata metadata;

    /// The reservation it was taken under, valid while the generations agree. The pool's owner.
    ReservationRecord* holder = nullptr;
    std::uint32_t holderGeneration = 0;

    /// The next slot of the list it is in: the releaser until it has pushed, then the owner.
    std::uint32_t next = 0;
};

static_assert(sizeof(IoBufferSlot) == 64);

class IoBufferStorage final : public BufferStorage
{
public:
    /// End of a list of slots, and what takeReturned() answers when there is nothing.
    static constexpr std::uint32_t Empty = std::numeric_limits<std::uint32_t>::max();

    /// Throws what BufferStorage throws.
    static StorageReference<IoBufferStorage>
    make(std::string_view poolName, std::uint32_t bufferCount, std::size_t bufferSizeBytes);

    IoBufferSlot& slot(std::uint32_t index) noexcept
    {
        return slots[index];
    }

    std::uint32_t indexOf(const IoBufferSlot& slot) const noexcept
    {
        return static_cast<std::uint32_t>(&slot - slots.get());
    }

    /// Its first byte.
    std::byte* dataOf(const IoBufferSlot& slot) const noexcept
    {
        return data(indexOf(slot));
    }

    /// Gives a buffer back. Any thread.
    void release(IoBufferSlot& slot) noexcept;

    /// Releases since the storage was made. Any thread.
    std::uint64_t releaseCount() const noexcept
    {
        return releases.load(std::memory_order_acquire);
    }

    /// Whether takeReturned() would find something. Any thread.
    bool hasReturned() const noexcept;

    /// All slots returned so far, as the index of the first, or Empty. Owner thread.
    std::uint32_t takeReturned() noexcept;

    /// Asks for the signal at the next release; false when a buffer has been returned already,
    /// which is then the owner's to take. Owner thread.
    bool publishWaiting() noexcept;

    /// Takes the request for the signal back, where that is still possible. Owner thread.
    void retractWaiting() noexcept;

    /// Whom releasers signal. Owner thread.
    void setSignal(ReturnSignal& signal) noexcept;

    /// From now on releases drop references instead of coming back, and the signal is not called
    /// any more. Answers the slots returned before. It takes one reference for each buffer of the
    /// pool; the caller drops those of the buffers that have come back. Owner thread.
    std::uint32_t close() noexcept;

private:
    static constexpr std::uint32_t Waiting = Empty - 1;
    static constexpr std::uint32_t Closed = Empty - 2;

    IoBufferStorage(std::string_view poolName, std::uint32_t bufferCount,
                    std::size_t bufferSizeBytes);

    void callSignal() noexcept;

    std::unique_ptr<IoBufferSlot[]> slots;
    /// On a cache line of their own, which every releasing thread writes.
    alignas(64) std::atomic<std::uint32_t> returned = Empty;
    std::atomic<std::uint64_t> releases = 0;

    /// Held during the signal's call, so that close() returns only when none is under way.
    alignas(64) std::mutex signalMutex;
    ReturnSignal* returnSignal = nullptr;
};

} // namespace weft
