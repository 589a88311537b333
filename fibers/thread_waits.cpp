#include <weft/fibers/scheduler.hpp>
#include <weft/fibers/thread_waits.hpp>
#include <weft/memory/assert.hpp>

#include <utility>

namespace weft
{

namespace
{

thread_local ThreadWaits* currentWaits = nullptr;

constexpr auto NothingBroughtForward = NoDeadline.time_since_epoch().count();

bool hasPassed(Deadline deadline) noexcept
{
    return deadline != NoDeadline && deadline <= Clock::now();
}

} // namespace

ThreadWaits::ThreadWaits(std::stop_token token, ThreadWake threadWake)
    : stop(std::move(token)),
      broughtForward(NothingBroughtForward),
      wakeUp(std::move(threadWake)),
      onStop(stop, Interrupt{this})
{
    WEFT_ASSERT(currentWaits == nullptr);
    WEFT_ASSERT(Scheduler::current() == nullptr);
    currentWaits = this;
}

ThreadWaits::~ThreadWaits()
{
    WEFT_ASSERT(currentWaits == this);
    WEFT_ASSERT(stopShields == 0 && sleepingOn == nullptr);
    currentWaits = nullptr;
}

ThreadWaits* ThreadWaits::current() noexcept
{
    return currentWaits;
}

void ThreadWaits::bringForward(Deadline which) noexcept
{
    WEFT_ASSERT(which != NoDeadline);
    broughtForward.store(which.time_since_epoch().count(), std::memory_order_seq_cst);
    interrupt();
}

Interruption ThreadWaits::beforeWait(Deadline deadline) noexcept
{
    WEFT_ASSERT(currentWaits == this);
    const auto interruption = duringWait(deadline);
    if (interruption == Interruption::DeadlinePassed)
    {
        // This wait is the next one with that deadline; another bringForward() is left alone.
        auto expected = deadline.time_since_epoch().count();
        broughtForward.compare_exchange_strong(expected, NothingBroughtForward);
    }
    return interruption;
}

Interruption ThreadWaits::duringWait(Deadline deadline) const noexcept
{
    if (stopVisible())
    {
        return Interruption::Stopped;
    }
    const bool isBroughtForward =
        deadline != NoDeadline &&
        broughtForward.load(std::memory_order_seq_cst) == deadline.time_since_epoch().count();
    return isBroughtForward || hasPassed(deadline) ? Interruption::DeadlinePassed
                                                   : Interruption::None;
}

void ThreadWaits::interrupt() noexcept
{
    wakeUp.raise();
    const std::lock_guard lock(mutex);
    if (sleepingOn != nullptr)
    {
        sleepingOn->nudge();
    }
}

void ThreadWaits::setSleepingOn(ThreadEvent* event) noexcept
{
    const std::lock_guard lock(mutex);
    WEFT_ASSERT((event == nullptr) != (sleepingOn == nullptr));
    sleepingOn = event;
}

void ThreadEvent::set() noexcept
{
    // Notified under the lock: the waiter cannot leave, and take the event with it, before.
    const std::lock_guard lock(mutex);
    WEFT_ASSERT(!happened);
    happened = true;
    changed.notify_one();
}

void ThreadEvent::nudge() noexcept
{
    const std::lock_guard lock(mutex);
    changed.notify_one();
}

Interruption ThreadEvent::wait(Deadline deadline) noexcept
{
    auto* const waits = currentWaits;
    if (waits != nullptr)
    {
        waits->setSleepingOn(this);
    }
    auto interruption = Interruption::None;
    {
        std::unique_lock lock(mutex);
        while (!happened)
        {
            if (waits != nullptr)
            {
                interruption = waits->duringWait(deadline);
            }
            else if (hasPassed(deadline))
            {
                interruption = Interruption::DeadlinePassed;
            }
            if (interruption != Interruption::None)
            {
                break;
            }
            if (deadline == NoDeadline)
            {
                changed.wait(lock);
            }
            else
            {
                changed.wait_until(lock, deadline);
            }
        }
    }
    if (waits != nullptr)
    {
        waits->setSleepingOn(nullptr);
    }
    return interruption;
}

void ThreadEvent::waitToTheEnd() noexcept
{
    std::unique_lock lock(mutex);
    changed.wait(lock,
                 [this]
                 {
                     return happened;
                 });
}

} // namespace weft
