#pragma once

#include <weft/memory/reservation_record.hpp>

#include <boost/intrusive/set.hpp>

#include <array>
#include <bit>
#include <cstdint>

/// \file
/// The requests that wait for a shared buffer, in the order in which they came, each at a level:
/// one at level L may be served only while bit_width(free shared buffers) > L. So a request is
/// served from level 0 whenever a buffer is free, from level 3 while eight are, and from the
/// highest never.
///
/// All requests of one level may be served or none, which is why the oldest that may be is found by
/// looking at the head of each level, and at no request that may not. A request that changes its
/// level keeps its ticket and takes the place that it has by it, so it never falls behind one that
/// came later. Pushing and erasing take constant time, moving is logarithmic in the requests of the
/// level, and finding takes one step for each level that is occupied, 32 at most.

namespace weft
{

class SharedBufferQueue
{
public:
    /// The level of those that may not be served, whatever is free.
    static constexpr unsigned NeverServed = 32;

    /// At the end.
    void push(ReservationRecord& record, unsigned level) noexcept;

    void erase(ReservationRecord& record) noexcept;

    /// To another level, where it keeps the place that it had.
    void move(ReservationRecord& record, unsigned level) noexcept;

    /// Whether a request stands at a level that may be served now.
    bool hasServable(std::uint32_t sharedFree) const noexcept
    {
        return (occupiedLevels & levelsServed(sharedFree)) != 0;
    }

    /// The oldest of those that may be served now, or null.
    ReservationRecord* oldestServable(std::uint32_t sharedFree) noexcept;

    std::uint32_t size() const noexcept
    {
        return count;
    }

    /// To be called when a buffer is free and none of those who wait may have it: counts the
    /// requests that were not counted before.
    void countLimited() noexcept;

    /// Requests counted so since the queue was made.
    std::uint64_t limitedCount() const noexcept
    {
        return limitedRequests;
    }

    /// Asserts everything, in time linear in the requests.
    void checkInvariants() const noexcept;

private:
    struct OldestFirst
    {
        bool operator()(const ReservationRecord& left, const ReservationRecord& right) const
        {
            return left.ticket < right.ticket;
        }
    };

    using Level = boost::intrusive::set<ReservationRecord, boost::intrusive::compare<OldestFirst>>;

    static constexpr std::uint64_t levelsServed(std::uint32_t sharedFree) noexcept
    {
        return (std::uint64_t{1} << std::bit_width(sharedFree)) - 1;
    }

    void unlink(ReservationRecord& record) noexcept;

    std::array<Level, NeverServed + 1> levels;
    /// A bit for each level that is not empty.
    std::uint64_t occupiedLevels = 0;
    std::uint32_t count = 0;
    std::uint64_t nextTicket = 1;

    /// Requests with tickets below this one have been counted as limited or have left.
    std::uint64_t firstUncounted = 1;
    /// Those in the queue from there on.
    std::uint32_t uncounted = 0;
    std::uint64_t limitedRequests = 0;
};

} // namespace weft
