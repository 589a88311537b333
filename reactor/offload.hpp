#pragma once

#include <weft/memory/assert.hpp>
#include <weft/reactor/cancellable_wait.hpp>
#include <weft/reactor/offload_pool.hpp>
#include <weft/reactor/plain_thread.hpp>
#include <weft/reactor/reactor.hpp>

#include <atomic>
#include <exception>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace weft
{

namespace detail
{

template <typename Result>
using OffloadValue = std::conditional_t<std::is_void_v<Result>, std::monostate, Result>;

/// What a blocking call answered: a value, or an exception that travels back to the caller.
template <typename Result>
class OffloadOutcome
{
public:
    template <typename Function>
    void runAndKeep(Function& function) noexcept
    {
        try
        {
            if constexpr (std::is_void_v<Result>)
            {
                function();
                value.emplace();
            }
            else
            {
                value.emplace(function());
            }
        }
        catch (...)
        {
            failure = std::current_exception();
        }
    }

    std::expected<Result, std::error_code> take()
    {
        if (failure)
        {
            std::rethrow_exception(std::move(failure));
        }
        if constexpr (std::is_void_v<Result>)
        {
            return {};
        }
        else
        {
            return std::move(*value);
        }
    }

private:
    std::optional<OffloadValue<Result>> value;
    std::exception_ptr failure;
};

/// The fiber's side of a task that must have ended before the fiber goes on.
class OffloadWait : protected CancellableWait, public OffloadTask, private InboxItem
{
public:
    /// Suspends.
    std::error_code perform(Deadline deadline);

protected:
    explicit OffloadWait(Reactor& owner) noexcept
        : CancellableWait(owner),
          InboxItem(
              [](InboxItem& item) noexcept
              {
                  static_cast<OffloadWait&>(item).resume();
              })
    {
    }

    ~OffloadWait() = default;

    virtual void work() noexcept = 0;

private:
    void run() noexcept final;
    void giveUp() noexcept final;

    bool withdrawn = false;
};

/// A task that its fiber, or its plain thread, may leave behind. Owns itself while it is under way.
class AbandonableTask : public OffloadTask, private InboxItem
{
public:
    /// Runs `task` on the pool and suspends until it has ended or the wait is given up; in that
    /// case the error says why and the task ends by itself, later. Suspends.
    static std::error_code perform(Reactor& reactor, std::shared_ptr<AbandonableTask> task,
                                   Deadline deadline);

    /// The same for a plain thread, which it blocks; see offloadAbandonable() for where it runs.
    static std::error_code performOnThread(const std::shared_ptr<AbandonableTask>& task,
                                           Deadline deadline);

protected:
    AbandonableTask() noexcept : InboxItem(deliver)
    {
    }

    ~AbandonableTask() = default;

    virtual void work() noexcept = 0;

private:
    class Wait;

    enum class Phase
    {
        UnderWay,
        Done,
        Abandoned,
    };

    static void deliver(InboxItem& item) noexcept;
    static std::error_code runOnOwnThread(AbandonableTask& task);
    void run() noexcept final;

    std::atomic<Phase> phase = Phase::UnderWay;
    // Who is told when it has been done: a fiber, or else a plain thread.
    Scheduler* scheduler = nullptr;
    Wait* wait = nullptr;
    ThreadEvent* event = nullptr;
    std::shared_ptr<AbandonableTask> self;
};

} // namespace detail

/// Calls `function` on a thread of the offload pool and returns what it returned, or throws what it
/// threw. For calls that block: only the fiber waits. `function` may refer to the caller's frame:
/// the fiber goes on only when it has returned. So a deadline or a stop helps while it waits for a
/// thread (IoError::DeadlineExpired, IoError::Stopped) and is ignored once it runs. Error too when
/// no thread can be made. Suspends; on a plain thread it just calls, unless a deadline or a stop
/// has come already.
template <typename Function>
auto offload(Function&& function, Deadline deadline = NoDeadline)
    -> std::expected<std::invoke_result_t<Function&>, std::error_code>
{
    using Result = std::invoke_result_t<Function&>;

    class Wait final : public detail::OffloadWait
    {
    public:
        Wait(Reactor& owner, Function& callable) noexcept : OffloadWait(owner), target(callable)
        {
        }

        detail::OffloadOutcome<Result> outcome;

    private:
        void work() noexcept override
        {
            outcome.runAndKeep(target);
        }

        Function& target;
    };

    if (auto* const reactor = Reactor::current())
    {
        Wait wait(*reactor, function);
        if (const auto error = wait.perform(deadline))
        {
            return std::unexpected(error);
        }
        return wait.outcome.take();
    }
    if (const auto error = detail::refusalOnThread(deadline))
    {
        return std::unexpected(error);
    }
    detail::OffloadOutcome<Result> outcome;
    outcome.runAndKeep(function);
    return outcome.take();
}

/// As offload(), but a deadline or a stop lets the fiber go on at once while the call runs out by
/// itself; its result is then dropped. `function` is moved to the heap with all that it needs: it
/// must not refer to the caller's frame. Suspends.
///
/// On a plain thread it blocks the thread, with the same deadline, and the same stop where there
/// are ThreadWaits: the call runs on the offload pool for threads of Runtime::blockingThreads(),
/// else on a thread made for it, which may outlive every runtime. Where nothing could interrupt it
/// (no ThreadWaits, no deadline) it just calls.
template <typename Function>
auto offloadAbandonable(Function function, Deadline deadline = NoDeadline)
    -> std::expected<std::invoke_result_t<Function&>, std::error_code>
{
    using Result = std::invoke_result_t<Function&>;

    class Task final : public detail::AbandonableTask
    {
    public:
        explicit Task(Function&& callable) : target(std::move(callable))
        {
        }

        detail::OffloadOutcome<Result> outcome;

    private:
        void work() noexcept override
        {
            outcome.runAndKeep(target);
        }

        Function target;
    };

    const auto task = std::make_shared<Task>(std::move(function));
    auto* const reactor = Reactor::current();
    const auto error = reactor != nullptr
                           ? detail::AbandonableTask::perform(*reactor, task, deadline)
                           : detail::AbandonableTask::performOnThread(task, deadline);
    if (error)
    {
        return std::unexpected(error);
    }
    return task->outcome.take();
}

} // namespace weft
