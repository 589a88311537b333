#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

/// \file
/// A source's claim on one buffer of its reactor's pool.
///
/// While it is open the source can always have one buffer outstanding, however many the others hold
/// and for however long. What it takes beyond that one comes from the shared part of the pool, of
/// which a limit leaves something for the others.

namespace weft
{

class IoBufferPool;
struct ReservationRecord;

/// How many buffers of its pool a source may have in flight: filled, being filled or held
/// downstream, its own one included. Its own one is never refused because of the limit.
struct ReservationLimit
{
    /// A fixed limit, which takes the place of the adaptive one. 0: adaptive, by what is free; see
    /// IoBufferPool.
    std::uint32_t buffersInFlightMax = 0;
};

/// Why a pool refused a reservation, with the numbers.
struct ReservationRefused
{
    std::string sourceName;
    std::string poolName;
    std::uint32_t bufferCount = 0;
    std::size_t bufferSizeBytes = 0;
    /// Reservations open when it was refused.
    std::uint32_t reservedCount = 0;
    /// IoBufferPoolOptions::sizeOption.
    std::string sizeOption;

    /// "source 'x' cannot be given its buffer: pool 'io-0' has 64 buffers of 4096 bytes and 64 are
    /// reserved; raise runtime.buffers_per_reactor to at least 65 or use fewer sources"
    std::string message() const;
};

/// Made by IoBufferPool::reserve. It belongs to the pool's owner thread, closes when destroyed and
/// is gone before the pool is closed.
class BufferReservation
{
public:
    /// Reserves nothing.
    BufferReservation() noexcept = default;

    ~BufferReservation()
    {
        close();
    }

    BufferReservation(BufferReservation&& other) noexcept
        : pool(std::exchange(other.pool, nullptr)),
          record(std::exchange(other.record, nullptr))
    {
    }

    BufferReservation& operator=(BufferReservation&& other) noexcept
    {
        if (this != &other)
        {
            close();
            pool = std::exchange(other.pool, nullptr);
            record = std::exchange(other.record, nullptr);
        }
        return *this;
    }

    bool isOpen() const noexcept
    {
        return record != nullptr;
    }

    /// Ends the claim; nothing when it is not open. None of its requests may be waiting. Buffers
    /// still held downstream stay valid and return to the shared part. Owner thread.
    void close() noexcept;

    /// Buffers taken under this reservation that the owner thread has not seen come back: filled,
    /// being filled or held downstream. Needs an open reservation. Owner thread.
    std::uint32_t buffersInFlight() const noexcept;

    /// While fewer than these are in flight it may have another, if one is free and its turn has
    /// come; its own buffer in any case. The adaptive limit falls and rises with what the pool has
    /// free, so by what this reservation takes and gives back, too. At least 1. Needs an open
    /// reservation. Owner thread.
    std::uint32_t buffersInFlightLimit() const noexcept;

private:
    friend class IoBufferPool;

    BufferReservation(IoBufferPool& ownerPool, ReservationRecord& ownRecord) noexcept
        : pool(&ownerPool),
          record(&ownRecord)
    {
    }

    IoBufferPool* pool = nullptr;
    ReservationRecord* record = nullptr;
};

} // namespace weft
