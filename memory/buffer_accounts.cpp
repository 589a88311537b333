#include <weft/memory/assert.hpp>
#include <weft/memory/buffer_accounts.hpp>
#include <weft/memory/io_buffer_storage.hpp>

namespace weft
{

BufferAccounts::BufferAccounts(std::uint32_t bufferCount)
    : total(bufferCount),
      freeBuffers(bufferCount),
      records(std::make_unique<ReservationRecord[]>(bufferCount))
{
    for (std::uint32_t index = 0; index < bufferCount; ++index)
    {
        closedRecords.push_back(records[index]);
    }
}

BufferAccounts::~BufferAccounts()
{
    WEFT_ASSERT(openCount() == 0);
    closedRecords.clear();
}

ReservationRecord* BufferAccounts::open() noexcept
{
    if (closedRecords.empty())
    {
        return nullptr;
    }
    ReservationRecord& record = closedRecords.front();
    WEFT_ASSERT(record.state == ReservationState::Closed && record.waiter == nullptr);
    closedRecords.pop_front();
    record.buffersInFlight = 0;
    record.state = ReservationState::Owed;
    owedIdle.push_back(record);
    payDebts();
    assertBalanced();
    return &record;
}

void BufferAccounts::close(ReservationRecord& record) noexcept
{
    WEFT_ASSERT(record.waiter == nullptr);
    switch (record.state)
    {
    case ReservationState::Ready:
        --readyReservations;
        break;
    case ReservationState::Lent:
        --lentToReservations;
        ++lentFromShared;
        record.ownSlot = nullptr;
        break;
    case ReservationState::Owed:
        owedIdle.erase(owedIdle.iterator_to(record));
        break;
    case ReservationState::Closed:
        WEFT_ASSERT(record.state != ReservationState::Closed);
    }
    record.state = ReservationState::Closed;
    ++record.generation;
    closedRecords.push_front(record);
    payDebts();
    assertBalanced();
}

bool BufferAccounts::mayLend(const ReservationRecord& record) const noexcept
{
    WEFT_ASSERT(record.waiter == nullptr);
    return record.state == ReservationState::Ready || (sharedFree() > 0 && sharedWaiting.empty());
}

void BufferAccounts::lend(ReservationRecord& record, IoBufferSlot& slot) noexcept
{
    WEFT_ASSERT(record.state != ReservationState::Closed && record.waiter == nullptr);
    WEFT_ASSERT(freeBuffers > 0);
    if (record.state == ReservationState::Ready)
    {
        record.state = ReservationState::Lent;
        record.ownSlot = &slot;
        --readyReservations;
        ++lentToReservations;
    }
    else
    {
        // An Owed reservation never comes here: nothing is shared and free while one exists.
        WEFT_ASSERT(record.state == ReservationState::Lent && sharedFree() > 0);
        ++lentFromShared;
    }
    --freeBuffers;
    ++record.buffersInFlight;
    slot.holder = &record;
    slot.holderGeneration = record.generation;
    assertBalanced();
}

void BufferAccounts::takeIn(const IoBufferSlot& slot) noexcept
{
    ReservationRecord& record = *slot.holder;
    const bool stillOpen = slot.holderGeneration == record.generation;
    if (stillOpen)
    {
        WEFT_ASSERT(record.buffersInFlight > 0);
        --record.buffersInFlight;
    }
    ++freeBuffers;
    if (stillOpen && record.ownSlot == &slot)
    {
        WEFT_ASSERT(record.state == ReservationState::Lent);
        --lentToReservations;
        ++readyReservations;
        record.ownSlot = nullptr;
        record.state = ReservationState::Ready;
        if (record.waiter != nullptr)
        {
            sharedWaiting.erase(sharedWaiting.iterator_to(record));
            readyWaiting.push_back(record);
        }
    }
    else
    {
        WEFT_ASSERT(lentFromShared > 0);
        --lentFromShared;
        payDebts();
    }
    assertBalanced();
}

void BufferAccounts::enqueue(ReservationRecord& record, BufferWaiter& waiter) noexcept
{
    WEFT_ASSERT(record.state != ReservationState::Closed && record.waiter == nullptr);
    WEFT_ASSERT(!waiter.isWaiting());
    if (record.state == ReservationState::Owed)
    {
        owedIdle.erase(owedIdle.iterator_to(record));
    }
    record.waiter = &waiter;
    waiter.record = &record;
    queueFor(record.state).push_back(record);
}

void BufferAccounts::withdraw(ReservationRecord& record) noexcept
{
    WEFT_ASSERT(record.waiter != nullptr && record.waiter->record == &record);
    Queue& queue = queueFor(record.state);
    queue.erase(queue.iterator_to(record));
    record.waiter->record = nullptr;
    record.waiter = nullptr;
    if (record.state == ReservationState::Owed)
    {
        owedIdle.push_back(record);
    }
}

ReservationRecord* BufferAccounts::firstServable() noexcept
{
    if (!readyWaiting.empty())
    {
        return &readyWaiting.front();
    }
    if (!sharedWaiting.empty() && sharedFree() > 0)
    {
        return &sharedWaiting.front();
    }
    return nullptr;
}

BufferAccounts::Queue& BufferAccounts::queueFor(ReservationState state) noexcept
{
    WEFT_ASSERT(state != ReservationState::Closed);
    return state == ReservationState::Ready  ? readyWaiting
           : state == ReservationState::Owed ? owedWaiting
                                             : sharedWaiting;
}

/// Sets shared buffers aside for owed reservations: those that wait first, then the oldest.
void BufferAccounts::payDebts() noexcept
{
    while (sharedFree() > 0 && !(owedWaiting.empty() && owedIdle.empty()))
    {
        Queue& creditors = owedWaiting.empty() ? owedIdle : owedWaiting;
        ReservationRecord& record = creditors.front();
        creditors.pop_front();
        record.state = ReservationState::Ready;
        ++readyReservations;
        if (record.waiter != nullptr)
        {
            readyWaiting.push_back(record);
        }
    }
}

/// The numbers of the list in the header; cheap enough to run at every step.
void BufferAccounts::assertBalanced() const noexcept
{
    WEFT_ASSERT(freeBuffers + lentToReservations + lentFromShared == total);
    WEFT_ASSERT(freeBuffers >= readyReservations);
    const std::size_t owed = owedIdle.size() + owedWaiting.size();
    WEFT_ASSERT(owed == 0 || sharedFree() == 0);
    WEFT_ASSERT(openCount() == readyReservations + lentToReservations + owed);
    WEFT_ASSERT(owed <= lentFromShared);
}

void BufferAccounts::checkInvariants() const noexcept
{
    assertBalanced();
    std::uint32_t ready = 0;
    std::uint32_t lent = 0;
    std::uint32_t owed = 0;
    std::uint32_t waiting = 0;
    std::uint32_t closed = 0;
    std::uint32_t inFlight = 0;
    for (std::uint32_t index = 0; index < total; ++index)
    {
        const ReservationRecord& record = records[index];
        ready += record.state == ReservationState::Ready;
        lent += record.state == ReservationState::Lent;
        owed += record.state == ReservationState::Owed;
        closed += record.state == ReservationState::Closed;
        waiting += record.waiter != nullptr;
        inFlight += record.state == ReservationState::Closed ? 0 : record.buffersInFlight;
        WEFT_ASSERT((record.ownSlot != nullptr) == (record.state == ReservationState::Lent));
        WEFT_ASSERT(record.state != ReservationState::Lent || record.buffersInFlight > 0);
        WEFT_ASSERT(record.waiter == nullptr || record.waiter->record == &record);
    }
    WEFT_ASSERT(ready == readyReservations);
    WEFT_ASSERT(lent == lentToReservations);
    WEFT_ASSERT(owed == owedIdle.size() + owedWaiting.size());
    WEFT_ASSERT(waiting == waitingCount());
    WEFT_ASSERT(closed == closedRecords.size());
    WEFT_ASSERT(inFlight <= lentToReservations + lentFromShared);
}

} // namespace weft
