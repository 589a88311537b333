#include <weft/memory/assert.hpp>
#include <weft/reactor/cancellable_wait.hpp>
#include <weft/reactor/reactor.hpp>

#include <utility>

namespace weft
{

CancellableWait::CancellableWait(Reactor& owner) noexcept : reactor(owner)
{
}

CancellableWait::~CancellableWait()
{
    WEFT_ASSERT(suspended.context == nullptr);
}

std::error_code CancellableWait::refusal(Reactor& reactor, Deadline deadline) noexcept
{
    auto* const record = reactor.scheduler().activeRecord();
    if (record != nullptr && record->stopVisible())
    {
        return IoError::Stopped;
    }
    if (deadline != NoDeadline && deadline <= reactor.engine().now())
    {
        return IoError::DeadlineExpired;
    }
    if (record != nullptr && record->takeBroughtForward(deadline))
    {
        return IoError::DeadlineExpired;
    }
    return {};
}

void CancellableWait::suspendUntil(Deadline deadline) noexcept
{
    if (!over)
    {
        if (deadline != NoDeadline)
        {
            reactor.timers().arm(timer, deadline);
        }
        until = deadline;
        suspended = reactor.scheduler().activeContext();
        reactor.scheduler().suspend(this);
        reactor.timers().cancel(timer);
    }
    WEFT_ASSERT(over);
    WEFT_ASSERT(suspended.context == nullptr);
}

void CancellableWait::resume() noexcept
{
    WEFT_ASSERT(!over);
    over = true;
    if (suspended.context != nullptr)
    {
        reactor.scheduler().makeReady(std::exchange(suspended, {}));
    }
}

void CancellableWait::DeadlineTimer::expired(Timer& timer) noexcept
{
    static_cast<DeadlineTimer&>(timer).wait.giveUpBecause(IoError::DeadlineExpired);
}

void CancellableWait::stopArrived() noexcept
{
    giveUpBecause(IoError::Stopped);
}

void CancellableWait::deadlineBroughtForward(Deadline which) noexcept
{
    // One that comes when the wait is over already is found by the next refusal().
    if (which == until)
    {
        giveUpBecause(IoError::DeadlineExpired);
    }
}

void CancellableWait::giveUpBecause(IoError error) noexcept
{
    // The other may have come first, and what we wait for may have come between the two.
    if (!over && !reason)
    {
        reason = error;
        giveUp();
    }
}

} // namespace weft
