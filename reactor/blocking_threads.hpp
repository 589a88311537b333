#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include <sched.h>

/// \file
/// The threads of sources that do not run on a reactor.

namespace weft
{

class OffloadPool;
class ThreadWake;

/// Threads of a runtime that run one function each and then end. Their waits can be stopped: each
/// has ThreadWaits while its function runs. The runtime stops them when it shuts down, and waits
/// for them before it ends the reactors.
class BlockingThreads
{
public:
    using Function = std::move_only_function<void()>;

    /// The threads may run on the CPUs of the calling thread. `offloadPool` outlives it.
    explicit BlockingThreads(OffloadPool& offloadPool) noexcept;

    /// Stops all and waits for them.
    ~BlockingThreads();

    BlockingThreads(const BlockingThreads&) = delete;
    BlockingThreads& operator=(const BlockingThreads&) = delete;

    /// Those that the calling thread is one of; null on other threads.
    static BlockingThreads* current() noexcept;

    /// Runs `function` on a new thread, which bears the first 15 bytes of `name`, with all signals
    /// blocked. Its waits are stopped by `stop` and by stopAll(); stopped before it has begun, it
    /// runs all the same. The function is destroyed before the thread counts as ended; an exception
    /// that escapes it is fatal. Returns at once. Throws std::system_error when the machine refuses
    /// the thread or its eventfd, and after stopAll(), naming the source. Any thread.
    void start(std::string_view name, std::stop_token stop, Function function);

    /// Stops every thread, and refuses new ones from now on. Any thread.
    void stopAll() noexcept;

    /// Returns when no thread runs any more. Not on one of them, nor on a reactor.
    void awaitEnd() noexcept;

    /// Threads that run now. Any thread.
    std::size_t count() const;

    /// The most that ran at once. Any thread.
    std::size_t highWater() const;

    /// For their calls that cannot be stopped.
    OffloadPool& offloadPool() const noexcept
    {
        return offload;
    }

private:
    struct ForwardStop
    {
        std::stop_source target;

        void operator()() noexcept
        {
            target.request_stop();
        }
    };

    struct Entry
    {
        std::string name;
        std::stop_source stop;
        std::optional<std::stop_callback<ForwardStop>> followedStop;
        std::optional<std::stop_callback<ForwardStop>> followedShutdown;
        std::thread thread;
    };

    using Entries = std::list<Entry>;

    bool addRunning(Entries& created, Function function);
    void run(Entries::iterator self, ThreadWake& wake, Function& function) noexcept;
    void leave(Entries::iterator self) noexcept;
    static void join(Entries& entries) noexcept;

    OffloadPool& offload;
    cpu_set_t cpus; // where threads may run
    std::stop_source shutdown;

    mutable std::mutex mutex;
    std::condition_variable changed;
    bool closed = false;
    std::size_t mostAtOnce = 0;
    Entries running;
    Entries ended; // at most one: each thread that ends joins the one before it
};

} // namespace weft
