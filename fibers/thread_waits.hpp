#pragma once

#include <weft/fibers/thread_wake.hpp>
#include <weft/timers/clock.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

/// \file
/// How a plain thread waits so that a stop can end the wait: what FiberRecord is for a fiber.
///
/// Why no wake-up is lost. Whoever interrupts first stores what is to be seen (the stop state, or
/// the deadline that is brought forward) and then wakes: raises the eventfd, and nudges the event
/// that the thread sleeps on. The thread looks and then sleeps, and
/// - poll(2) ends at once when the eventfd has been raised since it was last cleared, and it is
///   cleared before looking, never between looking and sleeping;
/// - a ThreadEvent is looked at under its mutex, which sleeping gives up and nudging takes.
/// A stop that a StopShield hides is looked at and slept over: the eventfd is cleared by then, so
/// nothing spins, and the next wait without the shield looks before it sleeps.

namespace weft
{

class ThreadEvent;

/// Why a plain thread's wait ends before what it waits for.
enum class Interruption : std::uint8_t
{
    None,
    Stopped,
    DeadlinePassed,
};

/// While it lives, the waits of the thread that made it can be interrupted from other threads:
/// by a stop of the token, or by bringing a deadline forward. this_fiber's questions about a stop
/// and StopShield work on the thread as they do on a fiber. Does not nest, and not for reactors.
class ThreadWaits
{
public:
    /// On the thread itself. Throws std::system_error when the machine refuses the eventfd; to
    /// learn of that before there is a thread, make `threadWake` there.
    explicit ThreadWaits(std::stop_token token = {}, ThreadWake threadWake = ThreadWake());

    /// On the thread itself.
    ~ThreadWaits();

    ThreadWaits(const ThreadWaits&) = delete;
    ThreadWaits& operator=(const ThreadWaits&) = delete;

    /// The calling thread's; null where there is none.
    static ThreadWaits* current() noexcept;

    /// Makes the deadline `which` pass now: a wait in progress whose deadline is exactly that ends
    /// with it, and so does the next one that begins with it; so a thread that was given bytes in
    /// this moment and waits on with the same deadline does not miss it. Waits with other deadlines
    /// do not notice. A later call replaces an earlier one. A StopShield does not hide it. `which`
    /// is not NoDeadline. Any thread, as long as this lives.
    void bringForward(Deadline which) noexcept;

    // The thread itself.

    /// Whether a call that waits must give up: stopped, and no StopShield hides it.
    bool stopVisible() const noexcept
    {
        return stopShields == 0 && stop.stop_requested();
    }

    const std::stop_token& stopToken() const noexcept
    {
        return stop;
    }

    /// Whether a wait with that deadline must not begin.
    Interruption beforeWait(Deadline deadline) noexcept;

    /// Whether a wait in progress must end.
    Interruption duringWait(Deadline deadline) const noexcept;

    /// To be polled beside a descriptor that is waited for, and cleared before duringWait().
    const ThreadWake& wake() const noexcept
    {
        return wakeUp;
    }

private:
    friend class StopShield;
    friend class ThreadEvent;

    struct Interrupt
    {
        ThreadWaits* waits;

        void operator()() const noexcept
        {
            waits->interrupt();
        }
    };

    void interrupt() noexcept;
    void setSleepingOn(ThreadEvent* event) noexcept;

    const std::stop_token stop;
    std::uint32_t stopShields = 0;
    std::atomic<Deadline::rep> broughtForward;

    const ThreadWake wakeUp;
    std::mutex mutex; // taken before a ThreadEvent's
    ThreadEvent* sleepingOn = nullptr;

    const std::stop_callback<Interrupt> onStop; // last: it may call at once
};

/// Something that happens once, for which one plain thread waits. Lives where that thread keeps it.
class ThreadEvent
{
public:
    ThreadEvent() = default;
    ThreadEvent(const ThreadEvent&) = delete;
    ThreadEvent& operator=(const ThreadEvent&) = delete;

    /// It has happened. Once, any thread. The waiter may destroy the event as soon as it sees that.
    void set() noexcept;

    /// Blocks until set(): Interruption::None. Else why the thread gave up; set() may still come
    /// then, and whoever could call it must be prevented before the event is destroyed. Without
    /// ThreadWaits only the deadline is seen.
    Interruption wait(Deadline deadline) noexcept;

    /// Blocks until set(), whatever happens: for when it is certain and near.
    void waitToTheEnd() noexcept;

private:
    friend class ThreadWaits;

    void nudge() noexcept;

    std::mutex mutex;
    std::condition_variable changed;
    bool happened = false;
};

} // namespace weft
