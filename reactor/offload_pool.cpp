#include <weft/memory/assert.hpp>
#include <weft/reactor/offload_pool.hpp>
#include <weft/reactor/thread_signals.hpp>

#include <pthread.h>

namespace weft
{

OffloadPool::OffloadPool(std::size_t threadsMaxWanted) : threadsMax(threadsMaxWanted)
{
    threads.reserve(threadsMax);
    ::pthread_getaffinity_np(::pthread_self(), sizeof(cpus), &cpus);
}

OffloadPool::~OffloadPool()
{
    {
        const std::lock_guard lock(mutex);
        WEFT_ASSERT(queue.empty());
        stopping = true;
    }
    workAvailable.notify_all();
    for (auto& thread : threads)
    {
        thread.join();
    }
}

std::error_code OffloadPool::submit(OffloadTask& task)
{
    {
        const std::lock_guard lock(mutex);
        if (idleThreads <= queue.size() && threads.size() < threadsMax)
        {
            try
            {
                const SignalsBlocked signalsBlocked;
                threads.emplace_back(
                    [this]
                    {
                        work();
                    });
            }
            catch (const std::system_error& error)
            {
                // With at least one thread the work is done, only later.
                if (threads.empty())
                {
                    return error.code();
                }
            }
        }
        queue.push_back(task);
    }
    workAvailable.notify_one();
    return {};
}

bool OffloadPool::withdraw(OffloadTask& task) noexcept
{
    const std::lock_guard lock(mutex);
    if (!task.queueHook.is_linked())
    {
        return false;
    }
    queue.erase(queue.iterator_to(task));
    return true;
}

std::size_t OffloadPool::threadCount() const
{
    const std::lock_guard lock(mutex);
    return threads.size();
}

void OffloadPool::work()
{
    ::pthread_setname_np(::pthread_self(), "weft-offload");
    // A thread is born where its maker may run, and that may be a reactor that is pinned.
    ::pthread_setaffinity_np(::pthread_self(), sizeof(cpus), &cpus);
    std::unique_lock lock(mutex);
    for (;;)
    {
        ++idleThreads;
        workAvailable.wait(lock,
                           [this]
                           {
                               return stopping || !queue.empty();
                           });
        --idleThreads;
        if (queue.empty())
        {
            return;
        }
        auto& task = queue.front();
        queue.pop_front();
        lock.unlock();
        task.run();
        lock.lock();
    }
}

} // namespace weft
