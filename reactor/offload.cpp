#include <weft/reactor/blocking_threads.hpp>
#include <weft/reactor/offload.hpp>
#include <weft/reactor/thread_signals.hpp>

#include <thread>

namespace weft::detail
{

std::error_code OffloadWait::perform(Deadline deadline)
{
    if (const auto error = refusal(reactor, deadline))
    {
        return error;
    }
    if (const auto error = reactor.offloadExecutor().submit(*this))
    {
        return error;
    }
    suspendUntil(deadline);
    return withdrawn ? cause() : std::error_code();
}

void OffloadWait::run() noexcept
{
    auto& scheduler = reactor.scheduler();
    work();
    // From here the fiber may go on, and this object with it.
    scheduler.post(*this);
}

void OffloadWait::giveUp() noexcept
{
    if (reactor.offloadExecutor().withdraw(*this))
    {
        withdrawn = true;
        resume();
    }
}

class AbandonableTask::Wait final : public CancellableWait
{
public:
    Wait(Reactor& owner, AbandonableTask& awaited) noexcept : CancellableWait(owner), task(awaited)
    {
    }

    void perform(Deadline deadline) noexcept
    {
        suspendUntil(deadline);
    }

    void taskEnded() noexcept
    {
        resume();
    }

    std::error_code outcome() const noexcept
    {
        return abandoned ? cause() : std::error_code();
    }

private:
    void giveUp() noexcept override
    {
        auto expected = Phase::UnderWay;
        if (reactor.offloadExecutor().withdraw(task))
        {
            task.self.reset(); // the caller holds another
            abandoned = true;
            resume();
        }
        else if (task.phase.compare_exchange_strong(expected, Phase::Abandoned))
        {
            abandoned = true;
            resume();
        }
        // Else it has ended in this moment and its message is on the way.
    }

    AbandonableTask& task;
    bool abandoned = false;
};

std::error_code AbandonableTask::perform(Reactor& reactor, std::shared_ptr<AbandonableTask> task,
                                         Deadline deadline)
{
    if (const auto error = CancellableWait::refusal(reactor, deadline))
    {
        return error;
    }
    Wait taskWait(reactor, *task);
    task->scheduler = &reactor.scheduler();
    task->wait = &taskWait;
    task->self = task;
    if (const auto error = reactor.offloadExecutor().submit(*task))
    {
        task->self.reset();
        return error;
    }
    taskWait.perform(deadline);
    return taskWait.outcome();
}

void AbandonableTask::run() noexcept
{
    // The caller may be gone when the work is done; `self` keeps the task until then.
    work();
    auto expected = Phase::UnderWay;
    if (!phase.compare_exchange_strong(expected, Phase::Done))
    {
        const auto last = std::move(self);
    }
    else if (event != nullptr)
    {
        // The caller holds another until it is told: what it has called is gone when it goes on.
        auto& told = *event;
        self.reset();
        told.set();
    }
    else
    {
        scheduler->post(*this);
    }
}

std::error_code AbandonableTask::performOnThread(const std::shared_ptr<AbandonableTask>& task,
                                                 Deadline deadline)
{
    if (const auto error = refusalOnThread(deadline))
    {
        return error;
    }
    if (ThreadWaits::current() == nullptr && deadline == NoDeadline)
    {
        task->work();
        return {};
    }
    ThreadEvent ended;
    task->event = &ended;
    task->self = task;
    // Only these threads end before the pool does.
    auto* const threads = BlockingThreads::current();
    auto* const pool = threads != nullptr ? &threads->offloadPool() : nullptr;
    if (const auto error = pool != nullptr ? pool->submit(*task) : runOnOwnThread(*task))
    {
        task->self.reset();
        return error;
    }
    const auto interruption = ended.wait(deadline);
    if (interruption == Interruption::None)
    {
        return {};
    }
    auto expected = Phase::UnderWay;
    if (pool != nullptr && pool->withdraw(*task))
    {
        task->self.reset();
    }
    else if (!task->phase.compare_exchange_strong(expected, Phase::Abandoned))
    {
        // It has ended in this moment, and its message is on the way.
        ended.waitToTheEnd();
        return {};
    }
    return errorOf(interruption);
}

std::error_code AbandonableTask::runOnOwnThread(AbandonableTask& task)
{
    try
    {
        const SignalsBlocked signalsBlocked;
        std::thread(
            [&task]
            {
                task.run();
            })
            .detach();
        return {};
    }
    catch (const std::system_error& error)
    {
        return error.code();
    }
}

void AbandonableTask::deliver(InboxItem& item) noexcept
{
    auto& task = static_cast<AbandonableTask&>(item);
    const auto keep = std::move(task.self);
    task.wait->taskEnded();
}

} // namespace weft::detail
