#include <weft/memory/assert.hpp>
#include <weft/memory/buffer_accounts.hpp>
#include <weft/memory/io_buffer_storage.hpp>

#include <algorithm>

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

ReservationRecord* BufferAccounts::open(std::uint32_t buffersInFlightMax) noexcept
{
    if (closedRecords.empty())
    {
        return nullptr;
    }
    ReservationRecord& record = closedRecords.front();
    WEFT_ASSERT(record.state == ReservationState::Closed && record.waiter == nullptr);
    closedRecords.pop_front();
    record.buffersInFlight = 0;
    record.buffersInFlightMax = buffersInFlightMax;
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
    return record.state == ReservationState::Ready ||
           (isWithinLimit(record) && !sharedWaiting.hasServable(sharedFree()));
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
        WEFT_ASSERT(record.state == ReservationState::Lent && isWithinLimit(record));
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
            sharedWaiting.erase(record);
            readyWaiting.push_back(record);
        }
    }
    else
    {
        WEFT_ASSERT(lentFromShared > 0);
        --lentFromShared;
        if (stillOpen && record.waiter != nullptr && record.state == ReservationState::Lent)
        {
            // It holds one less, so less has to be free for it to be served.
            sharedWaiting.move(record, levelOf(record));
        }
        payDebts();
    }
    assertBalanced();
}

void BufferAccounts::enqueue(ReservationRecord& record, BufferWaiter& waiter) noexcept
{
    WEFT_ASSERT(record.waiter == nullptr && !waiter.isWaiting());
    record.waiter = &waiter;
    waiter.record = &record;
    switch (record.state)
    {
    case ReservationState::Ready:
        readyWaiting.push_back(record);
        break;
    case ReservationState::Owed:
        owedIdle.erase(owedIdle.iterator_to(record));
        owedWaiting.push_back(record);
        break;
    case ReservationState::Lent:
        sharedWaiting.push(record, levelOf(record));
        break;
    case ReservationState::Closed:
        WEFT_ASSERT(record.state != ReservationState::Closed);
    }
}

void BufferAccounts::withdraw(ReservationRecord& record) noexcept
{
    WEFT_ASSERT(record.waiter != nullptr && record.waiter->record == &record);
    record.waiter->record = nullptr;
    record.waiter = nullptr;
    switch (record.state)
    {
    case ReservationState::Ready:
        readyWaiting.erase(readyWaiting.iterator_to(record));
        break;
    case ReservationState::Owed:
        owedWaiting.erase(owedWaiting.iterator_to(record));
        owedIdle.push_back(record);
        break;
    case ReservationState::Lent:
        sharedWaiting.erase(record);
        break;
    case ReservationState::Closed:
        WEFT_ASSERT(record.state != ReservationState::Closed);
    }
}

ReservationRecord* BufferAccounts::firstServable() noexcept
{
    return readyWaiting.empty() ? sharedWaiting.oldestServable(sharedFree())
                                : &readyWaiting.front();
}

std::uint32_t BufferAccounts::buffersInFlightLimit(const ReservationRecord& record) const noexcept
{
    WEFT_ASSERT(record.state != ReservationState::Closed);
    return record.buffersInFlightMax != 0 ? std::min(record.buffersInFlightMax, total)
                                          : 1 + std::bit_floor(sharedFree());
}

std::uint64_t BufferAccounts::countLimited() noexcept
{
    WEFT_ASSERT(firstServable() == nullptr);
    if (sharedFree() > 0)
    {
        sharedWaiting.countLimited();
    }
    return sharedWaiting.limitedCount();
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
    sharedWaiting.checkInvariants();
    std::uint32_t ready = 0;
    std::uint32_t lent = 0;
    std::uint32_t owed = 0;
    std::uint32_t waiting = 0;
    std::uint32_t closed = 0;
    std::uint32_t inFlight = 0;
    std::uint32_t waitingForShared = 0;
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
        WEFT_ASSERT(record.state != ReservationState::Owed || record.buffersInFlight == 0);
        WEFT_ASSERT(record.state == ReservationState::Closed || record.buffersInFlightMax == 0 ||
                    record.sharedInFlight() < record.buffersInFlightMax);
        WEFT_ASSERT(record.waiter == nullptr || record.waiter->record == &record);
        if (record.waiter != nullptr && record.state == ReservationState::Lent)
        {
            ++waitingForShared;
            WEFT_ASSERT(record.level == levelOf(record));
        }
    }
    WEFT_ASSERT(ready == readyReservations);
    WEFT_ASSERT(lent == lentToReservations);
    WEFT_ASSERT(owed == owedIdle.size() + owedWaiting.size());
    WEFT_ASSERT(waiting == waitingCount());
    WEFT_ASSERT(waitingForShared == sharedWaiting.size());
    WEFT_ASSERT(closed == closedRecords.size());
    WEFT_ASSERT(inFlight <= lentToReservations + lentFromShared);
}

} // namespace weft
