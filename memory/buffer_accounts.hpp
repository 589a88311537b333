#pragma once

#include <weft/memory/buffer_waiter.hpp>

#include <boost/intrusive/list.hpp>

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

namespace weft
{

struct IoBufferSlot;

enum class ReservationState : std::uint8_t
{
    Closed,
    Ready,
    Lent,
    Owed,
};

/// One reservation, open or to be opened.
struct ReservationRecord : boost::intrusive::list_base_hook<>
{
    ReservationState state = ReservationState::Closed;
    /// The request that waits, if one does.
    BufferWaiter* waiter = nullptr;
    /// While Lent: the buffer charged to it.
    const IoBufferSlot* ownSlot = nullptr;
    /// Buffers out under this reservation, its own and shared ones.
    std::uint32_t buffersInFlight = 0;
    /// Counts closings: a buffer taken before the last one does not concern who is here now.
    std::uint32_t generation = 0;
};

class BufferAccounts
{
public:
    explicit BufferAccounts(std::uint32_t bufferCount);
    ~BufferAccounts();

    BufferAccounts(const BufferAccounts&) = delete;
    BufferAccounts& operator=(const BufferAccounts&) = delete;

    /// A new reservation, Ready or Owed; null when every buffer is reserved.
    ReservationRecord* open() noexcept;

    /// Nobody waits under the reservation. Its own buffer, if out, becomes a shared one.
    void close(ReservationRecord& record) noexcept;

    /// Whether the reservation may take a buffer without overtaking anybody.
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
        return static_cast<std::uint32_t>(readyWaiting.size() + owedWaiting.size() +
                                          sharedWaiting.size());
    }

    /// Asserts everything, in time linear in the reservations.
    void checkInvariants() const noexcept;

private:
    using Queue = boost::intrusive::list<ReservationRecord>;

    std::uint32_t sharedFree() const noexcept
    {
        return freeBuffers - readyReservations;
    }

    Queue& queueFor(ReservationState state) noexcept;
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
    /// Waiting, by state: served at once, served when a debt is paid, served in turn.
    Queue readyWaiting;
    Queue owedWaiting;
    Queue sharedWaiting;
};

} // namespace weft
