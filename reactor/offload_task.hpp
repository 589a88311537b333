#pragma once

#include <boost/intrusive/list_hook.hpp>

#include <system_error>

namespace weft
{

/// A piece of blocking work for another thread. Lives where the waiter keeps it until run()
/// returns.
class OffloadTask
{
public:
    using Hook = boost::intrusive::list_member_hook<>;

    OffloadTask() = default;
    OffloadTask(const OffloadTask&) = delete;
    OffloadTask& operator=(const OffloadTask&) = delete;

    /// Called once, on another thread, unless the task is withdrawn first. The task may be
    /// destroyed from within.
    virtual void run() noexcept = 0;

    Hook queueHook; // of the executor that has it

protected:
    ~OffloadTask() = default;
};

/// Who carries such work out.
class OffloadExecutor
{
public:
    OffloadExecutor() = default;
    OffloadExecutor(const OffloadExecutor&) = delete;
    OffloadExecutor& operator=(const OffloadExecutor&) = delete;

    /// Any thread. After an error, which is that of the operating system, the task is not taken.
    virtual std::error_code submit(OffloadTask& task) = 0;

    /// Takes back a task that has not begun. False: it runs, or has run. Any thread.
    virtual bool withdraw(OffloadTask& task) noexcept = 0;

protected:
    ~OffloadExecutor() = default;
};

} // namespace weft
