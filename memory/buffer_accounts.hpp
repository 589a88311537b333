#pragma once

#include <weft/memory/buffer_waiter.hpp>
#include <weft/memory/reservation_record.hpp>
#include <weft/memory/shared_buffer_queue.hpp>

#include <boost/intrusive/list.hpp>

#include <bit>
#include <cstdint>
#include <memory>

/// \file
/// Who may have which buffer: the rule of IoBufferPool as plain bookkeeping, without the buffers
/// and without threads. Everything here belongs to the pool's owner thread.
///
/// Each buffer is either free or lent, and a lent one is charged either to a reservation (its own
/// buffer) or to the shared part. Each open reservation stands in one of three ways:
///
///   Ready  its own buffer is set aside among the free ones
///   Lent   its own buffer is out
///   Owed   it has none, because every shared buffer was out when it opened
///
/// What always holds:
/// 1. buffers = free + lent to reservations + lent from the shared part.
/// 2. free >= Ready reservations; the difference is what is shared and free.
/// 3. While a reservation is Owed, nothing is shared and free.
/// 4. buffers >= open reservations. With 1 and 3 it follows that at least as many shared buffers
///    are out as are owed, so that every debt is paid when they return.
/// 5. An Owed reservation has no buffer out. A reservation with a fixed limit never has more out
///    than that, its own one included, and one less while it is not Lent.
/// 6. Those who wait while Lent, and no others, stand in the shared queue, at the level that
///    levelOf() answers for what they hold now.
///
/// The adaptive limit is the dynamic threshold of Choudhury and Hahne, "Dynamic Queue Length
/// Thresholds for Shared-Memory Packet Switches", IEEE/ACM Transactions on Networking 6(2), 1998,
/// with alpha = 1 and the threshold rounded down to a power of two: a reservation that holds h
/// shared buffers may take another while h < bit_floor(f), where f are shared and free. That is
/// bit_width(h) < bit_width(f), so that waiting requests fall into 32 levels by bit_width(h), and
/// each level may be served as a whole or not at all.
///
/// Of S shared buffers, n reservations that take at the same time all they may end with between
/// about S / (n + 2) and S / (n + 1) each: they stop at h >= bit_floor(f), so with f < 2 * h, and
/// the last one was taken with no more held than free.

namespace weft
{

struct IoBufferSlot;

class BufferAccounts
{
public:
    explicit BufferAccounts(std::uint32_t bufferCount);
    ~BufferAccounts();

    BufferAccounts(const BufferAccounts&) = delete;
    BufferAccounts& operator=(const BufferAccounts&) = delete;

    /// A new reservation, Ready or Owed; null when every buffer is reserved. `buffersInFlightMax`
    /// as in ReservationLimit.
    ReservationRecord* open(std::uint32_t buffersInFlightMax) noexcept;

    /// Nobody waits under the reservation. Its own buffer, if out, becomes a shared one.
    void close(ReservationRecord& record) noexcept;

    /// Whether the reservation may take a buffer, by its limit and without overtaking anybody who
    /// may be served.
    bool mayLend(const ReservationRecord& record) const noexcept;

    /// Charges a free buffer to the reservation if it is Ready, else to the shared part, which then
    /// has one free.
    void lend(ReservationRecord& record, IoBufferSlot& slot) noexcept;

    /// A lent buffer has come back.
    void takeIn(const IoBufferSlot& slot) noexcept;

    void enqueue(ReservationRecord& record, BufferWaiter& waiter) noexcept;
    void withdraw(ReservationRecord& record) noexcept;

    /// The waiting reservation that is to be served now, or null. It stays in its queue.
    ReservationRecord* firstServable() noexcept;

    /// Of the reservation's buffers in flight, the number below which it may be lent a shared one
    /// now. At least 1, which is its own buffer.
    std::uint32_t buffersInFlightLimit(const ReservationRecord& record) const noexcept;

    /// To be called when nobody who waits may be served: counts the requests for which that is so
    /// although a shared buffer is free, each once, and answers how many there have been.
    std::uint64_t countLimited() noexcept;

    std::uint32_t freeCount() const noexcept
    {
        return freeBuffers;
    }

    std::uint32_t openCount() const noexcept
    {
        return total - static_cast<std::uint32_t>(closedRecords.size());
    }

    std::uint32_t waitingCount() const noexcept
    {
        return static_cast<std::uint32_t>(readyWaiting.size() + owedWaiting.size()) +
               sharedWaiting.size();
    }

    /// Asserts everything, in time linear in the reservations.
    void checkInvariants() const noexcept;

private:
    using Queue = boost::intrusive::list<ReservationRecord>;

    std::uint32_t sharedFree() const noexcept
    {
        return freeBuffers - readyReservations;
    }

    /// The level of the reservation in the shared queue, with what it holds now.
    static unsigned levelOf(const ReservationRecord& record) noexcept
    {
        if (record.buffersInFlightMax == 0)
        {
            return static_cast<unsigned>(std::bit_width(record.sharedInFlight()));
        }
        return record.buffersInFlight < record.buffersInFlightMax ? 0
                                                                  : SharedBufferQueue::NeverServed;
    }

    /// Whether a shared buffer is free that it might have if nobody waited.
    bool isWithinLimit(const ReservationRecord& record) const noexcept
    {
        return levelOf(record) < static_cast<unsigned>(std::bit_width(sharedFree()));
    }

    void payDebts() noexcept;
    void assertBalanced() const noexcept;

    std::uint32_t total;
    std::uint32_t freeBuffers;
    std::uint32_t readyReservations = 0;
    std::uint32_t lentToReservations = 0;
    std::uint32_t lentFromShared = 0;

    /// As many as buffers, so that opening a reservation allocates nothing.
    std::unique_ptr<ReservationRecord[]> records;
    Queue closedRecords;
    /// Owed and not waiting.
    Queue owedIdle;
    /// Waiting, by state: served at once, served when a debt is paid, served in turn within their
    /// limits.
    Queue readyWaiting;
    Queue owedWaiting;
    SharedBufferQueue sharedWaiting;
};

} // namespace weft
