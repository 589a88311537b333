#pragma once

#include <weft/memory/buffer_rack.hpp>
#include <weft/memory/buffer_reservation.hpp>
#include <weft/memory/buffer_storage.hpp>
#include <weft/memory/buffer_waiter.hpp>
#include <weft/memory/io_buffer.hpp>
#include <weft/memory/memory_mapping.hpp>
#include <weft/memory/return_signal.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

/// \file
/// The I/O buffers of one reactor: a fixed number, one size, never lent to anybody else.
///
/// Who gets a buffer:
/// 1. Each open reservation is guaranteed one buffer. It is set aside until the source takes it,
///    and again from the moment it comes back.
/// 2. What is beyond the reservations is shared, within a limit for each source: first come, first
///    served among those below their limits, one request in the queue for each source. tryAcquire
///    never overtakes a request that may be served.
/// 3. A reservation opened while every shared buffer is out is owed one: the next shared buffers to
///    come back are set aside for owed reservations, those that wait first, before the queue.
/// 4. A reservation closed while its own buffer is out turns that buffer into a shared one.
/// 5. The limit follows what is free: a source that holds h shared buffers may take another while
///    h < bit_floor(f), where f are shared and free (buffer_accounts.hpp has the source and what it
///    makes of S buffers). One flooding source ends with a third to a half of the shared part, two
///    with a quarter to a third each. As others release, the limit rises; as others take, it falls,
///    and whoever is above it gets nothing shared until enough of what it holds has come back.
///    A reservation may have a fixed limit instead.
/// So a consumer that keeps every buffer it is given for ever stops the sources that feed it and no
/// other.
///
/// What a source at its limit can rely on: its own buffer is granted as soon as it is back. Its
/// request keeps its place in the order of all requests, and is passed only while it may not be
/// served. At the latest when its consumer has given back the shared ones (with a fixed limit: as
/// many that it is below it) it may have any shared buffer that is free, before everybody who came
/// later. While its consumer gives back nothing it may wait for ever beside free buffers, which are
/// what the others are to find. A consumer that gives nothing back before it has been given a
/// certain number of buffers therefore needs a fixed limit of at least that number.
///
/// Which thread: the accounts have one owner, the thread that called attach(). A buffer is released
/// by any thread, which only pushes it on a lock-free list, and calls the ReturnSignal when
/// somebody waits. The owner takes the list in with reclaim(), with reserve(), and with
/// tryAcquire(), which gives out first what has come back last; only reclaim() hands buffers to
/// waiters.
///
/// Nothing is allocated after construction except the texts of a refusal.

namespace weft
{

class BufferAccounts;
class IoBufferStorage;

struct IoBufferPoolOptions
{
    /// For messages: "io-0".
    std::string name;
    std::uint32_t bufferCount = 0;
    std::size_t bufferSizeBytes = 0;
    /// For messages: what a user raises to have more buffers.
    std::string sizeOption = "runtime.buffers_per_reactor";
    /// Sources that may have several buffers to fill at the same time; the others go on with one.
    std::uint32_t racksMax = 256;
};

/// Each number is exact when read alone; together they may be a few operations apart.
struct IoBufferPoolStatistics
{
    std::uint32_t total = 0;
    /// Held by nobody, those set aside for reservations included.
    std::uint32_t free = 0;
    /// Open reservations.
    std::uint32_t reserved = 0;
    /// total - free: with sources and consumers.
    std::uint32_t inUse = 0;
    /// Requests in the queue.
    std::uint32_t waiting = 0;
    /// The most that were in use at once.
    std::uint32_t highWater = 0;
    /// Buffers handed out since the pool was made, by tryAcquire or to a waiter.
    std::uint64_t acquisitions = 0;
    /// Those of them that were handed to a waiter.
    std::uint64_t grants = 0;
    /// Requests that waited because of their sources' limits although a shared buffer was free.
    /// Each counts once, when it first comes to that.
    std::uint64_t limited = 0;
};

class IoBufferPool
{
public:
    /// Throws std::invalid_argument when the number or the size is zero or beyond what can be
    /// addressed, std::system_error when the memory is refused, both saying what was asked for.
    explicit IoBufferPool(IoBufferPoolOptions options);

    /// Closes. Buffers still held elsewhere stay valid.
    ~IoBufferPool();

    IoBufferPool(const IoBufferPool&) = delete;
    IoBufferPool& operator=(const IoBufferPool&) = delete;

    /// Makes the calling thread the owner and `signal` what wakes it; before that any one thread
    /// may act as the owner, and must call reclaim() of its own accord. Once. The signal outlives
    /// close().
    void attach(ReturnSignal& signal);

    /// As attach(), with no thread as the owner for good: at any time one thread may act as the
    /// owner, and the caller sees to it by a lock.
    void attachShared(ReturnSignal& signal);

    /// Ends the pool: after it the signal is never called again, and nothing but the destructor and
    /// what any thread may call is allowed. No reservation is open and nobody waits. By the owner
    /// thread, or by another after the owner has ended. Again does nothing.
    void close() noexcept;

    /// Reserves one buffer for a source; `sourceName` is for the refusal's message. Refused when
    /// every buffer of the pool is reserved. Owner thread.
    std::expected<BufferReservation, ReservationRefused> reserve(std::string_view sourceName,
                                                                 ReservationLimit limit = {});

    /// A buffer if one is there for this source: its own, else a shared one, if its limit allows it
    /// and nobody waits who may have it. The source has no request waiting. Owner thread.
    std::optional<IoBuffer> tryAcquire(BufferReservation& reservation) noexcept;

    /// Puts the source's request at the end of the queue. It has none there yet. Never calls
    /// bufferGranted; when a buffer is there already the signal is called. Owner thread.
    void enqueue(BufferReservation& reservation, BufferWaiter& waiter) noexcept;

    /// Takes a request out of the queue; false when it was in none, which is so after
    /// bufferGranted. Takes constant time. Owner thread.
    bool withdraw(BufferWaiter& waiter) noexcept;

    /// Takes in the buffers released so far and hands over what waiters may have. Buffers that come
    /// back meanwhile wait for the next call, which the signal asks for. Cheap when there is
    /// nothing to do. Owner thread.
    void reclaim() noexcept;

    /// Whether buffers have been released that the owner has not taken in. Any thread.
    bool hasReturned() const noexcept;

    /// Any thread.
    IoBufferPoolStatistics statistics() const noexcept;

    const std::string& name() const noexcept
    {
        return settings.name;
    }

    std::size_t bufferSizeBytes() const noexcept
    {
        return settings.bufferSizeBytes;
    }

    /// For the owner's sources that fill several buffers at once. Owner thread.
    BufferRacks& racks() noexcept
    {
        return bufferRacks;
    }

    /// All buffers as one piece of memory, page-aligned, for registering it with the kernel.
    std::span<std::byte> memory() const noexcept;

    /// Whether these bytes lie in the pool's buffers. Any thread.
    bool contains(std::span<const std::byte> bytes) const noexcept;

    /// Asserts that no buffer, charge or request is lost or counted twice. Takes time linear in
    /// buffers and reservations, for tests. Owner thread.
    void checkInvariants() const noexcept;

private:
    friend class BufferReservation;

    struct Counters
    {
        std::atomic<std::uint32_t> reserved = 0;
        std::atomic<std::uint32_t> waiting = 0;
        std::atomic<std::uint32_t> highWater = 0;
        std::atomic<std::uint64_t> acquisitions = 0;
        std::atomic<std::uint64_t> grants = 0;
        std::atomic<std::uint64_t> limited = 0;
    };

    void closeReservation(ReservationRecord& record) noexcept;
    IoBuffer lend(ReservationRecord& record) noexcept;
    void takeIn(std::uint32_t first) noexcept;
    void handOver() noexcept;
    void settleSignal() noexcept;
    std::uint32_t buffersInUse() const noexcept;
    void publishCounters() noexcept;
    void assertOwner() const noexcept;

    IoBufferPoolOptions settings;
    /// Shared with the buffers: it lives until the last of them is released.
    StorageReference<IoBufferStorage> storage;
    std::unique_ptr<BufferAccounts> accounts;
    MemoryMapping rackMemory;
    BufferRacks bufferRacks;
    /// Free slots, the last one returned on top, linked by index.
    std::uint32_t freeHead;
    ReturnSignal* returnSignal = nullptr;
    std::thread::id owner;
    bool reclaiming = false;
    bool closed = false;
    Counters counters;
};

} // namespace weft
