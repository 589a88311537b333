#include <weft/memory/assert.hpp>
#include <weft/timers/timer_wheel.hpp>

#include <algorithm>
#include <bit>

namespace weft
{

namespace
{

constexpr Clock::time_point LastTime = NoDeadline - Clock::duration{1};

void linkBefore(TimerLink& successor, TimerLink& link)
{
    link.previous = successor.previous;
    link.next = &successor;
    link.previous->next = &link;
    successor.previous = &link;
}

void unlink(TimerLink& link)
{
    link.previous->next = link.next;
    link.next->previous = link.previous;
    link.next = &link;
    link.previous = &link;
}

bool isAlone(const TimerLink& link)
{
    return link.next == &link;
}

} // namespace

Timer::Timer(Callback callback) : expired(callback)
{
    WEFT_ASSERT(callback != nullptr);
}

Timer::~Timer()
{
    WEFT_ASSERT(!armed());
}

TimerWheel::TimerWheel(Clock::time_point start, std::chrono::nanoseconds tick)
    : origin(start),
      tickNanoseconds(static_cast<std::uint64_t>(tick.count())),
      lastTick(ticksUntil(LastTime)),
      latestAdvance(start)
{
    WEFT_ASSERT(tick.count() > 0);
}

TimerWheel::~TimerWheel()
{
    WEFT_ASSERT(armedTimers == 0);
    WEFT_ASSERT(!advancing);
}

void TimerWheel::arm(Timer& timer, Deadline deadline) noexcept
{
    WEFT_ASSERT(!timer.armed());
    WEFT_ASSERT(deadline != NoDeadline);
    timer.armedFor = deadline;
    timer.wheel = this;
    ++armedTimers;
    if (deadline <= latestAdvance)
    {
        append(timer, DueList);
        return;
    }
    const Tick tick = expiryTick(deadline);
    WEFT_ASSERT(tick > position);
    append(timer, slotFor(tick));
}

void TimerWheel::cancel(Timer& timer) noexcept
{
    if (!timer.armed())
    {
        return;
    }
    WEFT_ASSERT(timer.wheel == this);
    unlink(timer);
    markIfEmpty(timer.listIndex);
    timer.wheel = nullptr;
    --armedTimers;
}

std::size_t TimerWheel::advance(Clock::time_point now) noexcept
{
    WEFT_ASSERT(!advancing);
    if (now < latestAdvance)
    {
        return 0;
    }
    advancing = true;
    // Before the first callback: what callbacks arm up to now is due at the next call, not in this.
    latestAdvance = now;
    const Tick target = ticksUntil(now);
    std::size_t fired = fire(DueList);
    for (auto stop = nextStop(); stop && stop->tick <= target; stop = nextStop())
    {
        WEFT_ASSERT(stop->tick >= position);
        position = stop->tick;
        if (stop->listIndex < SlotsPerLevel)
        {
            fired += fire(stop->listIndex);
        }
        else
        {
            cascade(stop->listIndex);
        }
    }
    position = target;
    advancing = false;
    return fired;
}

Deadline TimerWheel::nextExpiry() const noexcept
{
    if (armedTimers == 0)
    {
        return NoDeadline;
    }
    if (!isAlone(lists[DueList]))
    {
        return latestAdvance;
    }
    const auto stop = nextStop();
    WEFT_ASSERT(stop.has_value() || advancing);
    return stop ? timeOf(stop->tick) : NoDeadline;
}

/// Whole ticks from the start to `time`, which is not before it.
TimerWheel::Tick TimerWheel::ticksUntil(Clock::time_point time) const
{
    WEFT_ASSERT(time >= origin);
    // Unsigned, because the difference of two times may be more than a signed duration holds.
    const auto nanoseconds = static_cast<std::uint64_t>(time.time_since_epoch().count()) -
                             static_cast<std::uint64_t>(origin.time_since_epoch().count());
    return nanoseconds / tickNanoseconds;
}

/// The first tick that begins at the deadline or after it: whoever has reached it is not early.
TimerWheel::Tick TimerWheel::expiryTick(Deadline deadline) const
{
    return ticksUntil(deadline - Clock::duration{1}) + 1;
}

/// When the tick begins; the end of time if that is later.
Clock::time_point TimerWheel::timeOf(Tick tick) const
{
    if (tick > lastTick)
    {
        return LastTime;
    }
    const auto nanoseconds =
        static_cast<std::uint64_t>(origin.time_since_epoch().count()) + tick * tickNanoseconds;
    return Clock::time_point{Clock::duration{static_cast<Clock::rep>(nanoseconds)}};
}

/// The slot for a tick that the position has not passed, as an index into `lists`.
std::size_t TimerWheel::slotFor(Tick tick) const
{
    const Tick differingBits = (tick ^ position) | SlotMask;
    const std::size_t level = (std::bit_width(differingBits) - 1) / SlotBits;
    const std::size_t slot = (tick >> (level * SlotBits)) & SlotMask;
    return level * SlotsPerLevel + slot;
}

/// The timers of a level agree with the position in all digits above it, and are ahead of it in
/// the level's own digit. So all of a level come before any of the next, and the lowest bit of its
/// bitmap is its first slot.
std::optional<TimerWheel::Stop> TimerWheel::nextStop() const
{
    const auto level =
        static_cast<std::size_t>(std::find_if(occupied.begin(), occupied.begin() + Levels,
                                              [](std::uint64_t slots)
                                              {
                                                  return slots != 0;
                                              }) -
                                 occupied.begin());
    if (level == Levels)
    {
        return std::nullopt;
    }
    const auto slot = static_cast<std::size_t>(std::countr_zero(occupied[level]));
    const std::size_t shift = level * SlotBits;
    const Tick digitsAbove = (position >> shift) & ~Tick{SlotMask};
    return Stop{(digitsAbove | slot) << shift, level * SlotsPerLevel + slot};
}

void TimerWheel::append(Timer& timer, std::size_t listIndex)
{
    timer.listIndex = static_cast<std::uint16_t>(listIndex);
    linkBefore(lists[listIndex], timer);
    occupied[listIndex / SlotsPerLevel] |= std::uint64_t{1} << (listIndex % SlotsPerLevel);
}

/// Moves a whole list. Its timers keep their list index: whoever cancels one of them meanwhile
/// finds that list empty or filled anew, and its bit right either way.
void TimerWheel::takeAll(std::size_t listIndex, TimerLink& taken)
{
    WEFT_ASSERT(isAlone(taken));
    TimerLink& list = lists[listIndex];
    if (isAlone(list))
    {
        return;
    }
    linkBefore(list, taken);
    unlink(list);
    markIfEmpty(listIndex);
}

void TimerWheel::markIfEmpty(std::size_t listIndex)
{
    if (isAlone(lists[listIndex]))
    {
        occupied[listIndex / SlotsPerLevel] &= ~(std::uint64_t{1} << (listIndex % SlotsPerLevel));
    }
}

/// Spreads a slot that the position has just entered over the levels below.
void TimerWheel::cascade(std::size_t listIndex)
{
    TimerLink taken;
    takeAll(listIndex, taken);
    while (!isAlone(taken))
    {
        auto& timer = static_cast<Timer&>(*taken.next);
        unlink(timer);
        const Tick tick = expiryTick(timer.armedFor);
        WEFT_ASSERT(tick >= position);
        append(timer, slotFor(tick));
        WEFT_ASSERT(timer.listIndex / SlotsPerLevel < listIndex / SlotsPerLevel);
    }
}

/// Calls back all timers of a list, first come first served.
std::size_t TimerWheel::fire(std::size_t listIndex)
{
    TimerLink taken;
    takeAll(listIndex, taken);
    std::size_t fired = 0;
    while (!isAlone(taken))
    {
        auto& timer = static_cast<Timer&>(*taken.next);
        WEFT_ASSERT(timer.armedFor <= latestAdvance);
        unlink(timer);
        timer.wheel = nullptr;
        --armedTimers;
        ++fired;
        timer.expired(timer);
    }
    return fired;
}

} // namespace weft
