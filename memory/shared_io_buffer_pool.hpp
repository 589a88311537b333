#pragma once

#include <weft/memory/io_buffer_pool.hpp>

#include <atomic>
#include <cstdint>
#include <expected>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

/// \file
/// I/O buffers for any number of threads: for sources that run on threads of their own.
///
/// The pool, its accounts and its rules are those of IoBufferPool. Only the owner differs: it is
/// whichever thread holds the lock, and it holds it for the few instructions of one call. A thread
/// that releases a buffer, a reactor perhaps, takes no lock but tries it: if it is free it hands
/// the buffer over itself, else it leaves that to the one who holds it.

namespace weft
{

class SharedIoBufferPool;

/// What BufferReservation is, for a SharedIoBufferPool: one guaranteed buffer. Made by
/// SharedIoBufferPool::reserve. Closes when destroyed and is gone before the pool is closed. Any
/// thread, one at a time.
class SharedBufferReservation
{
public:
    /// Reserves nothing.
    SharedBufferReservation() noexcept = default;

    ~SharedBufferReservation()
    {
        close();
    }

    SharedBufferReservation(SharedBufferReservation&& other) noexcept
        : sharedPool(std::exchange(other.sharedPool, nullptr)),
          reservation(std::move(other.reservation))
    {
    }

    SharedBufferReservation& operator=(SharedBufferReservation&& other) noexcept
    {
        if (this != &other)
        {
            close();
            sharedPool = std::exchange(other.sharedPool, nullptr);
            reservation = std::move(other.reservation);
        }
        return *this;
    }

    bool isOpen() const noexcept
    {
        return sharedPool != nullptr;
    }

    /// Needs an open reservation.
    SharedIoBufferPool& pool() const noexcept;

    /// Ends the claim; nothing when it is not open. None of its requests may be waiting. Buffers
    /// still held downstream stay valid and return to the shared part.
    void close() noexcept;

    /// Buffers taken under this reservation that the pool has not seen come back. Needs an open
    /// reservation.
    std::uint32_t buffersInFlight() const noexcept;

private:
    friend class SharedIoBufferPool;

    SharedBufferReservation(SharedIoBufferPool& ownerPool, BufferReservation own) noexcept
        : sharedPool(&ownerPool),
          reservation(std::move(own))
    {
    }

    SharedIoBufferPool* sharedPool = nullptr;
    BufferReservation reservation; // under the pool's lock, but for moving it
};

class SharedIoBufferPool final : private ReturnSignal
{
public:
    /// Throws what IoBufferPool throws.
    explicit SharedIoBufferPool(IoBufferPoolOptions options);

    /// Closes. Buffers still held elsewhere stay valid.
    ~SharedIoBufferPool();

    /// As IoBufferPool::close(). No other call may be under way, but for releases of buffers.
    void close() noexcept;

    // As in IoBufferPool, by any thread.

    std::expected<SharedBufferReservation, ReservationRefused> reserve(std::string_view sourceName,
                                                                       ReservationLimit limit = {});

    std::optional<IoBuffer> tryAcquire(SharedBufferReservation& reservation) noexcept;

    /// The waiter's bufferGranted() is called on any thread, perhaps before this returns, with the
    /// lock held: it must not call the pool and must not block. Once withdraw() has returned no
    /// call is under way.
    void enqueue(SharedBufferReservation& reservation, BufferWaiter& waiter) noexcept;

    bool withdraw(BufferWaiter& waiter) noexcept;

    IoBufferPoolStatistics statistics() const noexcept
    {
        return pool.statistics();
    }

    const std::string& name() const noexcept
    {
        return pool.name();
    }

    std::size_t bufferSizeBytes() const noexcept
    {
        return pool.bufferSizeBytes();
    }

    /// As IoBufferPool::checkInvariants(), for tests.
    void checkInvariants() noexcept;

private:
    friend class SharedBufferReservation;

    class Ownership;

    void buffersReturned() noexcept override;
    void lock() noexcept;
    void unlock() noexcept;
    void reclaimIfAsked() noexcept;

    IoBufferPool pool;
    std::mutex mutex; // whoever holds it owns `pool`
    std::atomic<std::thread::id> holder{};
    std::atomic<bool> reclaimAsked = false;
};

} // namespace weft
