#pragma once

#include <weft/timers/clock.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace weft
{

class TimerWheel;

/// A link of a circular doubly linked list, alone in it at first.
struct TimerLink
{
    TimerLink* next = this;
    TimerLink* previous = this;
};

/// A deadline and what to call once it has passed. The wheel links the timer itself into its lists,
/// so a timer stays where it is while it is armed. What the callback needs to know goes into a
/// class derived from this one.
class Timer : private TimerLink
{
public:
    /// Runs on the wheel's thread, inside TimerWheel::advance. The timer is no longer armed then:
    /// the callback may arm it again, or end its life.
    using Callback = void (*)(Timer&) noexcept;

    explicit Timer(Callback callback);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    bool armed() const
    {
        return wheel != nullptr;
    }

    /// What it was last armed for; NoDeadline before the first time.
    Deadline deadline() const
    {
        return armedFor;
    }

private:
    friend class TimerWheel;

    Callback expired;
    Deadline armedFor = NoDeadline;
    TimerWheel* wheel = nullptr;
    std::uint16_t listIndex = 0;
};

/// Timers by the thousand, armed and cancelled at a cost that does not depend on how many there
/// are: a hierarchical timing wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels",
/// SOSP 1987).
///
/// Time is counted in ticks from the start. A level is a row of 64 slots, each a list of timers;
/// a slot of level n spans 64^n ticks, so the levels are the digits of a tick written in base 64.
/// A timer lies at the level of the highest digit in which its tick differs from the wheel's
/// position. When the position reaches the beginning of a slot, level 0 fires it and any other
/// level cascades it: its timers move to the levels below. Eleven levels hold every tick of 64
/// bits. One bitmap per level names its occupied slots, so empty time is jumped over.
///
/// - A timer never fires early, and at most one tick late if `advance` is called at `nextExpiry()`.
/// - There is no periodic tick: a timer causes at most one call of `advance` per level.
/// - Nothing is allocated, and nothing suspends.
/// - A wheel and its timers belong to one thread, and no timer is armed when the wheel ends.
class TimerWheel
{
public:
    /// A power of two close to one millisecond.
    static constexpr std::chrono::nanoseconds DefaultTick{1 << 20};

    explicit TimerWheel(Clock::time_point start, std::chrono::nanoseconds tick = DefaultTick);
    ~TimerWheel();
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;

    /// Takes a timer that is not armed and a deadline that is not NoDeadline. A deadline that the
    /// latest `advance` had already reached fires at the next one, even if the clock stands still.
    void arm(Timer& timer, Deadline deadline) noexcept;

    /// The timer will not fire. Does nothing if it is not armed.
    void cancel(Timer& timer) noexcept;

    /// Fires what has expired by now, in the order of the ticks, and returns how many that were.
    /// A callback may arm and cancel any timer, those about to fire included. What it arms never
    /// fires in the same call, so a timer that re-arms itself cannot hold the thread.
    /// A clock that has gone back fires nothing.
    std::size_t advance(Clock::time_point now) noexcept;

    /// When `advance` must be called next, at the latest; NoDeadline if nothing is armed. Less than
    /// a tick after the nearest deadline, but it may be long before it, to cascade a slot.
    Deadline nextExpiry() const noexcept;

    std::size_t armedCount() const
    {
        return armedTimers;
    }

private:
    using Tick = std::uint64_t;

    /// The next slot at which the position has to stop.
    struct Stop
    {
        Tick tick;
        std::size_t listIndex;
    };

    static constexpr std::size_t SlotBits = 6;
    static constexpr std::size_t SlotsPerLevel = 1 << SlotBits;
    static constexpr std::size_t Levels = 11;
    static constexpr std::size_t SlotMask = SlotsPerLevel - 1;
    /// Behind the slots, the list of timers whose deadline had passed when they were armed.
    static constexpr std::size_t DueList = Levels * SlotsPerLevel;

    Tick ticksUntil(Clock::time_point time) const;
    Tick expiryTick(Deadline deadline) const;
    Clock::time_point timeOf(Tick tick) const;
    std::size_t slotFor(Tick tick) const;
    std::optional<Stop> nextStop() const;
    void append(Timer& timer, std::size_t listIndex);
    void takeAll(std::size_t listIndex, TimerLink& taken);
    void markIfEmpty(std::size_t listIndex);
    void cascade(std::size_t listIndex);
    std::size_t fire(std::size_t listIndex);

    const Clock::time_point origin;
    const std::uint64_t tickNanoseconds;
    const Tick lastTick;
    Clock::time_point latestAdvance;
    /// Each timer in a slot has a later tick, or the same tick while `advance` is about to fire it.
    Tick position = 0;
    std::size_t armedTimers = 0;
    bool advancing = false;
    std::array<std::uint64_t, Levels + 1> occupied{};
    std::array<TimerLink, DueList + 1> lists;
};

} // namespace weft
