#pragma once

#include <weft/fibers/idle_memory.hpp>
#include <weft/fibers/scheduler.hpp>
#include <weft/memory/io_buffer_pool.hpp>
#include <weft/memory/return_signal.hpp>
#include <weft/reactor/batching.hpp>
#include <weft/reactor/engine.hpp>
#include <weft/reactor/engine_options.hpp>
#include <weft/reactor/owned_descriptor.hpp>
#include <weft/timers/timer_wheel.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <time.h>

namespace weft
{

class Machine;
class OffloadExecutor;

struct ReactorOptions
{
    std::size_t index = 0;
    /// The CPU to run on; none: where the operating system likes.
    std::optional<int> cpu;
    SchedulerOptions scheduler;
    Machine* machine = nullptr;
    EngineKind engine = EngineKind::Auto;
    std::uint32_t submissionEntries = 0;
    std::uint32_t completionEntries = 0;
    std::chrono::nanoseconds timerTick = TimerWheel::DefaultTick;
    std::chrono::nanoseconds batchWaitMost{};
    std::chrono::nanoseconds idleMemoryAfter{};
};

struct ReactorStatistics
{
    std::size_t index = 0;
    std::optional<int> cpu;
    std::size_t fibers = 0;
    std::chrono::nanoseconds running{}; // since the reactor started
    std::chrono::nanoseconds cpuTime{}; // of its thread, the kernel's work for it included
    std::string_view engineName;        // empty before the reactor has one
    /// Why it is not the one that `auto` prefers; else empty.
    std::string engineFallbackReason;
    EngineStatistics engine;
    std::size_t timersArmed = 0; // when the reactor last had its turn or went to sleep
    IoBufferPoolStatistics buffers;
    std::array<StackStatistics, StackClassCount> stacks;
};

/// One core: a thread, its fibers, its engine, its timers and its I/O buffers. What a reactor owns
/// is used by its own thread only, unless said otherwise.
class Reactor final : private ReactorDriver, private ReturnSignal
{
public:
    /// Throws std::system_error when descriptors or address space run out. The pools outlive it.
    Reactor(const ReactorOptions& options, IoBufferPool& bufferPool, OffloadExecutor& offload);
    ~Reactor();

    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    /// The calling thread's reactor; null on other threads.
    static Reactor* current() noexcept;

    /// Makes `reactor` what current() answers on the calling thread, and returns what it was. For
    /// OutsideReactor.
    static Reactor* exchangeCurrent(Reactor* reactor) noexcept;

    /// The thread's whole life: calls `started` once fibers can run, then runs them until the
    /// scheduler may exit. Throws std::system_error, before `started`, when the core or the engine
    /// cannot be had.
    void run(const std::function<void()>& started);

    // Any thread.

    std::size_t index() const noexcept
    {
        return options.index;
    }

    Scheduler& scheduler() noexcept
    {
        return *fiberScheduler;
    }

    ReactorStatistics statistics() const;

    // The reactor's thread.

    Engine& engine() noexcept
    {
        return *ioEngine;
    }

    /// As Engine::tryAtOnce(). The loop takes its turn soon when much has been done so: the fiber
    /// has not suspended, and others' completions wait.
    std::optional<std::int32_t> tryAtOnce(Operation& operation) noexcept;

    TimerWheel& timers() noexcept
    {
        return *timerWheel;
    }

    IoBufferPool& buffers() noexcept
    {
        return ioBuffers;
    }

    /// Who runs what would block this thread.
    OffloadExecutor& offloadExecutor() noexcept
    {
        return offload;
    }

    /// What sources tolerate of it.
    Batching& batching() noexcept
    {
        return completionBatching;
    }

    /// How late its timers may fire.
    std::chrono::nanoseconds timerTick() const noexcept
    {
        return options.timerTick;
    }

    Machine& machine() noexcept
    {
        return *options.machine;
    }

private:
    struct ReclaimItem : InboxItem
    {
        explicit ReclaimItem(Reactor& owner) noexcept;

        Reactor& reactor;
        std::atomic<bool> posted = false;
    };

    void pinThread() const;
    void observe(const Engine* engine);

    // ReactorDriver
    TimePoint now() noexcept override;
    void turn(bool fibersAreReady) noexcept override;
    void park(TimePoint until) noexcept override;
    void wake() noexcept override;

    // ReturnSignal
    void buffersReturned() noexcept override;

    const ReactorOptions options;
    IoBufferPool& ioBuffers;
    OffloadExecutor& offload;
    OwnedDescriptor wakeDescriptor;
    boost::intrusive_ptr<Scheduler> fiberScheduler;
    std::optional<TimerWheel> timerWheel;
    std::unique_ptr<Engine> ioEngine;
    ReclaimItem reclaimItem{*this};
    Batching completionBatching;
    IdleMemory idleMemory;
    std::atomic<std::int64_t> startedNs = 0;
    std::atomic<std::size_t> timersArmed = 0; // the wheel's count, for other threads
    bool poolClosed = false;
    std::size_t bytesThisTurn = 0; // done at once

    mutable std::mutex observationMutex; // statistics() against the end of engine and thread
    const Engine* observedEngine = nullptr;
    clockid_t cpuClock{};
    std::string_view engineName;
    std::string engineFallbackReason;
    EngineStatistics lastEngineStatistics;
    std::chrono::nanoseconds lastCpuTime{};
};

} // namespace weft
