#include <weft/memory/assert.hpp>
#include <weft/reactor/machine.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/thread_signals.hpp>

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

namespace weft
{

namespace
{

std::atomic<Runtime*> runningRuntime = nullptr;

BufferManagerOptions bufferOptions(const RuntimeOptions& options)
{
    return {
        .ioPools = options.reactors,
        .buffersPerIoPool = options.buffersPerReactor,
        .threadBuffers = options.threadBuffers,
        .bufferSizeBytes = options.bufferSizeBytes,
        .computeBuffers = options.computeBuffers,
        .computeBufferSizeBytes = options.bufferSizeBytes,
    };
}

Machine& machineOf(const RuntimeOptions& options) noexcept
{
    return options.machine != nullptr ? *options.machine : Machine::real();
}

ReactorOptions reactorOptions(const RuntimeOptions& options, std::size_t index)
{
    const auto& stacks = options.stacksPerReactor;
    const auto stackCount = std::accumulate(stacks.begin(), stacks.end(), std::size_t{0});
    return {
        .index = index,
        .cpu =
            options.pin ? std::optional(options.cpus[index % options.cpus.size()]) : std::nullopt,
        .scheduler = {.reactorIndex = index,
                      .stacks = {.stacks = stacks},
                      .recordsMax = stackCount + options.spawnQueuePerReactor},
        .machine = &machineOf(options),
        .engine = options.engine,
        .submissionEntries = options.submissionEntries,
        .completionEntries = options.completionEntries,
        .timerTick = options.timerTick,
        .batchWaitMost = options.batchWait,
        .idleMemoryAfter = options.idleMemoryAfter,
    };
}

} // namespace

Runtime::OnlyOne::OnlyOne(Runtime& runtime)
{
    Runtime* expected = nullptr;
    if (!runningRuntime.compare_exchange_strong(expected, &runtime))
    {
        throw std::logic_error("a weft::Runtime is already running in this process; there can be "
                               "only one at a time");
    }
}

Runtime::OnlyOne::~OnlyOne()
{
    runningRuntime.store(nullptr);
}

Runtime::Runtime(const RuntimeOptions& options)
    : onlyOne(*this),
      runtimeOptions(options.resolved()),
      bufferManager(bufferOptions(runtimeOptions)),
      offload(runtimeOptions.offloadThreads)
{
    for (std::size_t index = 0; index < runtimeOptions.reactors; ++index)
    {
        reactors.push_back(std::make_unique<Reactor>(
            reactorOptions(runtimeOptions, index), bufferManager.ioPool(index),
            machineOf(runtimeOptions).offloadExecutor(offload)));
    }
    startReactors();
}

Runtime::~Runtime()
{
    WEFT_ASSERT(Reactor::current() == nullptr && BlockingThreads::current() == nullptr);
    shutdown();
}

Runtime* Runtime::current() noexcept
{
    return runningRuntime.load(std::memory_order_acquire);
}

void Runtime::startReactors()
{
    try
    {
        const SignalsBlocked signalsBlocked;
        for (const auto& reactor : reactors)
        {
            threads.emplace_back(
                [this, &reactor = *reactor]
                {
                    reactorMain(reactor);
                });
        }
    }
    catch (const std::system_error& error)
    {
        const std::lock_guard lock(startMutex);
        startFailure = std::make_exception_ptr(std::system_error(
            error.code(), fmt::format("cannot start reactor thread {} of {}; ask for fewer "
                                      "reactors, or raise 'ulimit -u' or the cgroup's pids.max",
                                      threads.size() + 1, reactors.size())));
    }
    {
        std::unique_lock lock(startMutex);
        startChanged.wait(lock,
                          [this]
                          {
                              return startsReported == threads.size();
                          });
    }
    if (startFailure)
    {
        joinThreads();
        std::rethrow_exception(startFailure);
    }
}

void Runtime::reactorMain(Reactor& reactor) noexcept
{
    const auto report = [this](const std::exception_ptr& failure)
    {
        const std::lock_guard lock(startMutex);
        if (failure && !startFailure)
        {
            startFailure = failure;
        }
        ++startsReported;
        startChanged.notify_all();
    };
    try
    {
        reactor.run(
            [&report]
            {
                report(nullptr);
            });
    }
    catch (...)
    {
        report(std::current_exception());
    }
}

void Runtime::shutdown()
{
    stopping.store(true, std::memory_order_seq_cst);
    requestStopOfAll();
    if (Reactor::current() == nullptr && BlockingThreads::current() == nullptr)
    {
        joinThreads();
    }
}

void Runtime::requestStopOfAll() noexcept
{
    for (const auto& reactor : reactors)
    {
        reactor->scheduler().stopAll();
    }
    threadsOfSources.stopAll();
}

void Runtime::joinThreads() noexcept
{
    const std::lock_guard lock(joinMutex);
    // While the reactors run: a source on a thread may wait for what a fiber does.
    threadsOfSources.awaitEnd();
    for (const auto& reactor : reactors)
    {
        reactor->scheduler().allowExit();
    }
    for (auto& thread : threads)
    {
        thread.join();
    }
    threads.clear();
}

Reactor& Runtime::chooseReactor(const SpawnOptions& options)
{
    if (options.reactor)
    {
        if (*options.reactor >= reactors.size())
        {
            throw InvalidOption("reactor", fmt::format("{}", *options.reactor),
                                fmt::format("0 to {}", reactors.size() - 1));
        }
        return *reactors[*options.reactor];
    }
    if (auto* const here = Reactor::current())
    {
        return *here;
    }
    return *reactors[nextReactor.fetch_add(1, std::memory_order_relaxed) % reactors.size()];
}

Reactor& Runtime::reactor(std::size_t index) noexcept
{
    WEFT_ASSERT(index < reactors.size());
    return *reactors[index];
}

std::vector<FiberInfo> Runtime::fibers() const
{
    std::vector<FiberInfo> fibers;
    for (const auto& reactor : reactors)
    {
        reactor->scheduler().records().list(fibers, reactor->index(), Clock::now());
    }
    return fibers;
}

std::vector<ReactorStatistics> Runtime::statistics() const
{
    std::vector<ReactorStatistics> statistics;
    for (const auto& reactor : reactors)
    {
        statistics.push_back(reactor->statistics());
    }
    return statistics;
}

std::size_t Runtime::threadCount() const
{
    return reactors.size() + offload.threadCount() + threadsOfSources.count();
}

Runtime& detail::requireRuntime()
{
    auto* const runtime = Runtime::current();
    if (runtime == nullptr)
    {
        throw std::logic_error("weft::spawn needs a running weft::Runtime");
    }
    return *runtime;
}

} // namespace weft
