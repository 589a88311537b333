#pragma once

#include <weft/reactor/offload_task.hpp>

#include <boost/intrusive/list.hpp>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <sched.h>

namespace weft
{

/// A bounded number of threads for calls that block and cannot be told not to. Threads start when
/// work finds all others busy, and stay. The queue is intrusive: its length is bounded by who
/// waits.
class OffloadPool final : public OffloadExecutor
{
public:
    /// The threads may run on the CPUs of the calling thread.
    explicit OffloadPool(std::size_t threadsMax);

    /// Waits for the tasks that run; none may be queued.
    ~OffloadPool();

    /// The error is that of a machine that refuses even the first thread.
    std::error_code submit(OffloadTask& task) override;
    bool withdraw(OffloadTask& task) noexcept override;

    std::size_t threadCount() const;

private:
    void work();

    using Queue = boost::intrusive::list<
        OffloadTask,
        boost::intrusive::member_hook<OffloadTask, OffloadTask::Hook, &OffloadTask::queueHook>>;

    const std::size_t threadsMax;
    cpu_set_t cpus; // where threads may run
    mutable std::mutex mutex;
    std::condition_variable workAvailable;
    Queue queue;
    std::size_t idleThreads = 0;
    bool stopping = false;
    std::vector<std::thread> threads;
};

} // namespace weft
