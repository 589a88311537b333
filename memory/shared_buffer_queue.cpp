#include <weft/memory/assert.hpp>
#include <weft/memory/shared_buffer_queue.hpp>

namespace weft
{

void SharedBufferQueue::push(ReservationRecord& record, unsigned level) noexcept
{
    WEFT_ASSERT(level <= NeverServed);
    record.ticket = nextTicket++;
    record.level = static_cast<std::uint8_t>(level);
    // No ticket is younger, so its place is known without a search.
    levels[level].push_back(record);
    occupiedLevels |= std::uint64_t{1} << level;
    ++count;
    ++uncounted;
}

void SharedBufferQueue::erase(ReservationRecord& record) noexcept
{
    WEFT_ASSERT(count > 0);
    unlink(record);
    --count;
    if (record.ticket >= firstUncounted)
    {
        WEFT_ASSERT(uncounted > 0);
        --uncounted;
    }
}

void SharedBufferQueue::move(ReservationRecord& record, unsigned level) noexcept
{
    WEFT_ASSERT(level <= NeverServed);
    if (record.level == level)
    {
        return;
    }
    unlink(record);
    record.level = static_cast<std::uint8_t>(level);
    const bool inserted = levels[level].insert(record).second;
    WEFT_ASSERT(inserted);
    occupiedLevels |= std::uint64_t{1} << level;
}

ReservationRecord* SharedBufferQueue::oldestServable(std::uint32_t sharedFree) noexcept
{
    ReservationRecord* oldest = nullptr;
    for (std::uint64_t rest = occupiedLevels & levelsServed(sharedFree); rest != 0;
         rest &= rest - 1)
    {
        ReservationRecord& head = *levels[static_cast<unsigned>(std::countr_zero(rest))].begin();
        if (oldest == nullptr || head.ticket < oldest->ticket)
        {
            oldest = &head;
        }
    }
    return oldest;
}

void SharedBufferQueue::countLimited() noexcept
{
    limitedRequests += uncounted;
    uncounted = 0;
    firstUncounted = nextTicket;
}

void SharedBufferQueue::unlink(ReservationRecord& record) noexcept
{
    Level& level = levels[record.level];
    level.erase(level.iterator_to(record));
    if (level.empty())
    {
        occupiedLevels &= ~(std::uint64_t{1} << record.level);
    }
}

void SharedBufferQueue::checkInvariants() const noexcept
{
    std::uint32_t found = 0;
    std::uint32_t foundUncounted = 0;
    for (unsigned level = 0; level <= NeverServed; ++level)
    {
        WEFT_ASSERT(levels[level].empty() == ((occupiedLevels >> level & 1) == 0));
        std::uint64_t previousTicket = 0;
        for (const ReservationRecord& record : levels[level])
        {
            WEFT_ASSERT(record.level == level && record.waiter != nullptr);
            WEFT_ASSERT(record.ticket > previousTicket && record.ticket < nextTicket);
            previousTicket = record.ticket;
            ++found;
            foundUncounted += record.ticket >= firstUncounted;
        }
    }
    WEFT_ASSERT(found == count);
    WEFT_ASSERT(foundUncounted == uncounted);
}

} // namespace weft
