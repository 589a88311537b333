#pragma once

#include <weft/fibers/fiber.hpp>
#include <weft/fibers/fiber_group.hpp>
#include <weft/fibers/record_pool.hpp>
#include <weft/memory/buffer_manager.hpp>
#include <weft/reactor/blocking_threads.hpp>
#include <weft/reactor/offload_pool.hpp>
#include <weft/reactor/reactor.hpp>
#include <weft/reactor/runtime_options.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace weft
{

/// All reactors of the process, with their buffers, the offload pool and the threads of sources
/// that have one of their own. At most one exists at a time. Any thread may call any member but the
/// destructor.
class Runtime
{
public:
    /// Starts the reactors; returns when all of them run. Throws InvalidOption, std::system_error
    /// when the machine refuses something, std::logic_error when another runtime exists.
    explicit Runtime(const RuntimeOptions& options = {});

    /// shutdown(). Not on a reactor, nor on a thread of blockingThreads(). Fiber handles must be
    /// gone, and reservations of the thread pool of buffers().
    ~Runtime();

    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    /// The running runtime; null when there is none.
    static Runtime* current() noexcept;

    /// Stops every fiber and every thread of blockingThreads(), waits until all have ended, the
    /// threads first, and joins the reactor threads. From then on spawning and starting throw
    /// std::system_error, but for fibers that spawn others to clean up: those are born stopped. May
    /// be called more than once and by many threads: each returns when it is done. On a reactor, or
    /// on one of those threads, it cannot wait for itself: it stops all and returns; the destructor
    /// does the rest.
    void shutdown();

    bool isShuttingDown() const noexcept
    {
        return stopping.load(std::memory_order_acquire);
    }

    /// Runs `function` on a new fiber. See weft::spawnOn(). Throws InvalidOption when the options
    /// name a reactor that does not exist.
    template <typename Function>
    Fiber spawn(const SpawnOptions& options, Function&& function)
    {
        return spawnOn(chooseReactor(options).scheduler(), options,
                       std::forward<Function>(function));
    }

    /// The same, into a group.
    template <typename Function>
    void spawn(FiberGroup& group, const SpawnOptions& options, Function&& function)
    {
        group.spawnOn(chooseReactor(options).scheduler(), options,
                      std::forward<Function>(function));
    }

    std::size_t reactorCount() const noexcept
    {
        return reactors.size();
    }

    Reactor& reactor(std::size_t index) noexcept;

    BufferManager& buffers() noexcept
    {
        return bufferManager;
    }

    /// Threads for sources that do not run on a reactor.
    BlockingThreads& blockingThreads() noexcept
    {
        return threadsOfSources;
    }

    const BufferManager& buffers() const noexcept
    {
        return bufferManager;
    }

    /// All options, with the defaults filled in.
    const RuntimeOptions& options() const noexcept
    {
        return runtimeOptions;
    }

    /// Every fiber that has not ended.
    std::vector<FiberInfo> fibers() const;

    std::vector<ReactorStatistics> statistics() const;

    /// Threads of the runtime: reactors, offload threads that have been started, and those of
    /// blockingThreads() that run.
    std::size_t threadCount() const;

private:
    struct OnlyOne
    {
        explicit OnlyOne(Runtime& runtime);
        ~OnlyOne();
    };

    Reactor& chooseReactor(const SpawnOptions& options);
    void startReactors();
    void reactorMain(Reactor& reactor) noexcept;
    void requestStopOfAll() noexcept;
    void joinThreads() noexcept;

    const OnlyOne onlyOne;
    const RuntimeOptions runtimeOptions;
    BufferManager bufferManager;
    std::vector<std::unique_ptr<Reactor>> reactors;
    OffloadPool offload; // after the reactors: its threads post to them until it is gone
    BlockingThreads threadsOfSources{offload};
    std::atomic<std::size_t> nextReactor = 0;
    std::atomic<bool> stopping = false;

    std::mutex startMutex;
    std::condition_variable startChanged;
    std::size_t startsReported = 0;
    std::exception_ptr startFailure;

    std::mutex joinMutex;
    std::vector<std::thread> threads;
};

/// Spawns on the running runtime: on the calling fiber's reactor, or on each in turn from a plain
/// thread. Throws std::logic_error when there is no runtime, else as Runtime::spawn().
template <typename Function>
Fiber spawn(const SpawnOptions& options, Function&& function);

namespace detail
{
Runtime& requireRuntime();
}

template <typename Function>
Fiber spawn(const SpawnOptions& options, Function&& function)
{
    return detail::requireRuntime().spawn(options, std::forward<Function>(function));
}

} // namespace weft
