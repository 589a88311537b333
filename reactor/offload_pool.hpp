#pragma once

#include <boost/intrusive/list.hpp>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace weft
{

/// A piece of blocking work for another thread. Lives where the waiter keeps it until run()
/// returns.
class OffloadTask
{
public:
    OffloadTask() = default;
    OffloadTask(const OffloadTask&) = delete;
    OffloadTask& operator=(const OffloadTask&) = delete;

    /// Called once, on a thread of the pool, unless the task is withdrawn first. The task may be
    /// destroyed from within.
    virtual void run() noexcept = 0;

protected:
    ~OffloadTask() = default;

private:
    friend class OffloadPool;

    boost::intrusive::list_member_hook<> queueHook;
};

/// A bounded number of threads for calls that block and cannot be told not to. Threads start when
/// work finds all others busy, and stay. The queue is intrusive: its length is bounded by who
/// waits.
class OffloadPool
{
public:
    explicit OffloadPool(std::size_t threadsMax);

    /// Waits for the tasks that run; none may be queued.
    ~OffloadPool();

    OffloadPool(const OffloadPool&) = delete;
    OffloadPool& operator=(const OffloadPool&) = delete;

    /// Any thread. The error is that of the operating system when not even one thread can be made;
    /// the task is then not taken.
    std::error_code submit(OffloadTask& task);

    /// Takes back a task that no thread has begun. False: it runs, or has run. Any thread.
    bool withdraw(OffloadTask& task) noexcept;

    std::size_t threadCount() const;

private:
    void work();

    using Queue = boost::intrusive::list<
        OffloadTask,
        boost::intrusive::member_hook<OffloadTask, boost::intrusive::list_member_hook<>,
                                      &OffloadTask::queueHook>>;

    const std::size_t threadsMax;
    mutable std::mutex mutex;
    std::condition_variable workAvailable;
    Queue queue;
    std::size_t idleThreads = 0;
    bool stopping = false;
    std::vector<std::thread> threads;
};

} // namespace weft
