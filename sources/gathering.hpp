#pragma once

#include <weft/sources/flush_times.hpp>
#include <weft/timers/clock.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace weft
{

/// When a source lets bytes gather in the kernel instead of taking each as it comes: one receive
/// and one wake-up for all that arrives within a flush interval. And when a buffer need not wait
/// for its interval, as nothing would gather. Rules:
///   1. Nothing is delivered later than the interval after it has arrived (FlushTimes).
///   2. A source that brings a buffer, or QueueBytes, sooner than PauseLeast is never made to
///      pause, and none for longer than it probably takes to bring that.
///   3. One that had nothing after a pause waits for its next bytes as ever.
///   4. What a take after a pause leaves queued, for lack of space, is taken at once, and is as old
///      as the pause: its interval counts from there.
///   5. A source that has waited for longer than the interval before it got the first bytes of a
///      buffer, several times in a row, and nothing more for any of them, is sparse: it does not
///      wait for more, as a buffer would get nothing in that time. Only waits count, not the time
///      in which the source could not take what was there.
/// Two ways: a buffer that has bytes is topped up when it is due. And a source that had something
/// several times in a row (it is steady) need not even wait for the first bytes: it looks once in
/// an interval.
class Gathering
{
public:
    /// Shorter pauses would cost more than they save.
    static constexpr auto PauseLeast = std::chrono::microseconds(500);
    /// After longer ones the end of a stream, or its reset, would be seen late.
    static constexpr auto PauseMost = std::chrono::milliseconds(100);
    static constexpr unsigned FindsOfASteadySource = 2;
    static constexpr unsigned WaitsOfASparseSource = 4;
    /// A socket queues more than that before its sender has to wait (net.ipv4.tcp_rmem: 128 KiB by
    /// default, part of it for the kernel's own). A pause for more would hold the sender up, and
    /// the rate that is then seen would ask for a longer one.
    static constexpr std::size_t QueueBytes = 32 << 10;

    /// Of an interval that is not positive: there is none.
    explicit Gathering(const FlushTimes& flushTimes) noexcept : times(flushTimes)
    {
    }

    /// Until when to pause before bytes are taken for a buffer that has `sizeBytes` of
    /// `capacityBytes` and, if these are any, is due at `due`. Nothing: wait for bytes now.
    std::optional<Deadline> pauseUntil(std::size_t sizeBytes, std::size_t capacityBytes,
                                       Deadline due) noexcept;

    /// The source waits for the first bytes of a buffer from here on, or has done so already.
    void waitsForFirst() noexcept;

    /// The source waits for more bytes for a buffer that has some.
    void waitsForMore() noexcept
    {
        waitedForMore = true;
    }

    /// So many bytes have been taken, after a pause or after waiting; nothing is queued any more if
    /// that has left space for others.
    void took(std::size_t sizeBytes, bool leftSpace, Clock::time_point now) noexcept;

    /// A buffer is full.
    void filled() noexcept
    {
        longWaitsInARow = 0;
    }

    /// After a pause there was nothing to take.
    void foundNothing() noexcept;

    /// Nothing is queued after what has been taken.
    void foundNoMore(Clock::time_point now) noexcept;

    /// Whether a buffer that has bytes is not worth waiting for more.
    bool isSparse() const noexcept
    {
        return longWaitsInARow >= WaitsOfASparseSource;
    }

    /// When bytes that are taken at `now`, as the first of a buffer, must be delivered: those that
    /// have gathered may have come as soon as nothing was queued.
    Deadline dueOf(Clock::time_point now) const noexcept
    {
        return gathered ? emptySince + times.afterArrival() : now + times.afterWait();
    }

private:
    bool isSteady() const noexcept
    {
        return findsInARow >= FindsOfASteadySource;
    }

    /// Else no wait is made, and none judged.
    bool mayGather() const noexcept
    {
        return times.afterArrival() > PauseLeast;
    }

    void judgeWait(Clock::time_point now) noexcept;
    std::chrono::nanoseconds timeFor(std::size_t sizeBytes) const noexcept;

    const FlushTimes times;
    Clock::time_point lastTake;
    Clock::time_point emptySince; // what is queued has come later
    bool gathered = false;        // there has been a pause since then
    bool moreQueued = false;      // for certain, and it has gathered
    double bytesPerNanosecond = 0;
    bool paused = false;                         // before what is taken next
    bool silent = false;                         // when it was last looked at
    unsigned findsInARow = 0;                    // after pauses
    std::optional<Clock::time_point> waitsSince; // for the first bytes of a buffer
    bool waitedForMore = false;                  // than a buffer had
    unsigned longWaitsInARow = 0;                // for first bytes, with none for more between them
};

} // namespace weft
