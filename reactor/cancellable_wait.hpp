#pragma once

#include <weft/fibers/scheduler.hpp>
#include <weft/reactor/io_error.hpp>
#include <weft/timers/timer_wheel.hpp>

#include <system_error>

namespace weft
{

class Reactor;

/// One suspension of the calling fiber that a deadline or a stop may cut short, and that ends when
/// FiberRecord::bringForward() names its deadline. Derived classes say what they wait for, and how
/// to give up on it. Lives on the fiber's stack, on its reactor thread.
///
/// The rule on which every wait rests: giving up only asks. The fiber goes on when the thing itself
/// says that it is over and calls resume(), so that nothing can arrive for a frame that has gone.
class CancellableWait : private WaitListener
{
public:
    CancellableWait(const CancellableWait&) = delete;
    CancellableWait& operator=(const CancellableWait&) = delete;

    /// Whether a wait may begin: IoError::Stopped or IoError::DeadlineExpired when it would be over
    /// at once.
    static std::error_code refusal(Reactor& reactor, Deadline deadline) noexcept;

protected:
    explicit CancellableWait(Reactor& owner) noexcept;
    ~CancellableWait();

    /// Suspends until resume(). Suspends.
    void suspendUntil(Deadline deadline) noexcept;

    /// The wait is over. Once, on the reactor thread; before or after the fiber has suspended.
    void resume() noexcept;

    /// Called at most once, when the deadline has passed or a stop has come. Must lead to resume(),
    /// now or later.
    virtual void giveUp() noexcept = 0;

    bool isOver() const noexcept
    {
        return over;
    }

    /// Why giveUp() was called: IoError::DeadlineExpired or IoError::Stopped; else no error.
    std::error_code cause() const noexcept
    {
        return reason;
    }

    Reactor& reactor;

private:
    struct DeadlineTimer : Timer
    {
        explicit DeadlineTimer(CancellableWait& owner) noexcept : Timer(expired), wait(owner)
        {
        }

        static void expired(Timer& timer) noexcept;

        CancellableWait& wait;
    };

    void stopArrived() noexcept override;
    void deadlineBroughtForward(Deadline which) noexcept override;
    void giveUpBecause(IoError error) noexcept;

    DeadlineTimer timer{*this};
    Deadline until = NoDeadline;
    FiberContext suspended; // none
    std::error_code reason;
    bool over = false;
};

} // namespace weft
