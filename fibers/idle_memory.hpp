#pragma once

#include <weft/timers/clock.hpp>

#include <chrono>
#include <cstddef>

namespace weft
{

class FiberRecord;
class RecordPool;
class StackSlab;

/// Gives memory of fibers that have waited for long back to the system: the pages of their stacks
/// below the frames that wait, and what a wait has of its own (WaitListener::releaseIdleMemory()).
/// It comes back as zeros when it is touched, for a page fault each. A fiber that never stays
/// silent for long pays nothing: the moment at which it was suspended is noted in any case.
///
/// Few fibers are looked at in one visit, so that nobody waits long for the end of it, and all of
/// them within one interval. When all that wait have been dealt with, there are no visits until the
/// reactor has woken for something else. Of the reactor's thread.
class IdleMemory
{
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    static constexpr std::size_t FibersInOneVisit = 64;

    /// Nothing is given back if `idleAfter` is zero. Records and stacks outlive it.
    IdleMemory(RecordPool& fiberRecords, const StackSlab& fiberStacks,
               std::chrono::nanoseconds idleAfter) noexcept
        : records(fiberRecords),
          stacks(fiberStacks),
          interval(idleAfter)
    {
    }

    /// When the reactor has to be awake for a visit; TimePoint::max() if for none.
    TimePoint nextVisit() const noexcept
    {
        return next;
    }

    /// Each turn of the reactor: a visit, if one is due.
    void turn(TimePoint now) noexcept
    {
        if (next == TimePoint::max())
        {
            if (interval > std::chrono::nanoseconds::zero())
            {
                next = now + interval;
            }
        }
        else if (now >= next)
        {
            visit(now);
        }
        else if (place != 0)
        {
            // What has run since the last visit may have been looked at already in this round.
            foundOthers = true;
        }
    }

private:
    void visit(TimePoint now) noexcept;
    void release(FiberRecord& record) const noexcept;

    RecordPool& records;
    const StackSlab& stacks;
    const std::chrono::nanoseconds interval;
    TimePoint next = TimePoint::max();
    std::size_t place = 0;    // in the pool, of the first fiber to look at
    bool foundOthers = false; // in this round: fibers that may be idle at the next
    std::chrono::nanoseconds betweenVisits{};
};

} // namespace weft
