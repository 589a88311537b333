#include <weft/fibers/stack_overflow.hpp>
#include <weft/memory/assert.hpp>
#include <weft/reactor/machine.hpp>
#include <weft/reactor/reactor.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace weft
{

namespace
{

thread_local Reactor* currentReactor = nullptr;

/// Some 50 us of copying.
constexpr std::size_t BytesAtOncePerTurn = 256 << 10;

std::chrono::nanoseconds timeOf(clockid_t clock) noexcept
{
    timespec time = {};
    ::clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

OwnedDescriptor makeWakeDescriptor()
{
    OwnedDescriptor descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!descriptor)
    {
        throw std::system_error(errno, std::system_category(),
                                "cannot create a reactor's eventfd; raise 'ulimit -n'");
    }
    return descriptor;
}

} // namespace

Reactor::ReclaimItem::ReclaimItem(Reactor& owner) noexcept
    : InboxItem(
          [](InboxItem& item) noexcept
          {
              auto& self = static_cast<ReclaimItem&>(item);
              // Before reclaiming: a buffer that comes back from here on posts again.
              self.posted.store(false, std::memory_order_seq_cst);
              if (!self.reactor.poolClosed)
              {
                  self.reactor.ioBuffers.reclaim();
              }
          }),
      reactor(owner)
{
}

Reactor::Reactor(const ReactorOptions& reactorOptions, IoBufferPool& bufferPool,
                 OffloadExecutor& offloadThreads)
    : options(reactorOptions),
      ioBuffers(bufferPool),
      offload(offloadThreads),
      wakeDescriptor(makeWakeDescriptor()),
      fiberScheduler(new Scheduler(options.scheduler)),
      completionBatching(options.batchWaitMost),
      idleMemory(fiberScheduler->records(), fiberScheduler->stacks(), options.idleMemoryAfter)
{
}

Reactor::~Reactor() = default;

Reactor* Reactor::current() noexcept
{
    return currentReactor;
}

Reactor* Reactor::exchangeCurrent(Reactor* reactor) noexcept
{
    return std::exchange(currentReactor, reactor);
}

void Reactor::run(const std::function<void()>& started)
{
    ::pthread_setname_np(::pthread_self(), fmt::format("weft-{}", options.index).c_str());
    pinThread();
    const StackOverflowReporter overflowReporter;
    ioEngine = machine().makeEngine({.kind = options.engine,
                                     .submissionEntries = options.submissionEntries,
                                     .completionEntries = options.completionEntries,
                                     .wakeDescriptor = wakeDescriptor.get(),
                                     .offload = &offload,
                                     .scheduler = fiberScheduler.get()});
    timerWheel.emplace(ioEngine->now(), options.timerTick);
    ioBuffers.attach(*this);
    currentReactor = this;
    startedNs.store(ioEngine->now().time_since_epoch().count(), std::memory_order_relaxed);
    observe(ioEngine.get());
    fiberScheduler->enter(*this);
    started();
    fiberScheduler->runUntilExit();
    ioBuffers.close();
    poolClosed = true;
    fiberScheduler->leave();
    WEFT_ASSERT(timerWheel->armedCount() == 0);
    currentReactor = nullptr;
    // On the thread that made it: the ring's registrations belong to the thread.
    observe(nullptr);
    ioEngine.reset();
}

void Reactor::observe(const Engine* engine)
{
    const std::lock_guard lock(observationMutex);
    if (engine == nullptr)
    {
        lastEngineStatistics = observedEngine->statistics();
        lastCpuTime = timeOf(cpuClock);
    }
    else if (const int error = ::pthread_getcpuclockid(::pthread_self(), &cpuClock); error != 0)
    {
        throw std::system_error(error, std::system_category(), "cannot read a reactor's CPU clock");
    }
    else
    {
        engineName = engine->name();
        engineFallbackReason = engine->fallbackReason();
    }
    observedEngine = engine;
}

void Reactor::pinThread() const
{
    if (!options.cpu)
    {
        return;
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(*options.cpu), &set);
    const int error = ::pthread_setaffinity_np(::pthread_self(), sizeof(set), &set);
    if (error != 0)
    {
        throw std::system_error(
            error, std::system_category(),
            fmt::format("cannot pin reactor {} to CPU {}", options.index, *options.cpu));
    }
}

Reactor::TimePoint Reactor::now() noexcept
{
    return ioEngine->now();
}

std::optional<std::int32_t> Reactor::tryAtOnce(Operation& operation) noexcept
{
    const auto result = ioEngine->tryAtOnce(operation);
    if (result)
    {
        const auto count = static_cast<std::size_t>(std::max(*result, 0));
        completionBatching.took(count);
        bytesThisTurn += count;
        if (bytesThisTurn >= BytesAtOncePerTurn)
        {
            fiberScheduler->endTurn();
        }
    }
    return result;
}

void Reactor::turn(bool fibersAreReady) noexcept
{
    bytesThisTurn = 0;
    if (fibersAreReady)
    {
        ioEngine->poll();
    }
    else
    {
        ioEngine->aboutToPark();
    }
    if (timerWheel->armedCount() != 0)
    {
        timerWheel->advance(fiberScheduler->turnTime());
    }
    idleMemory.turn(fiberScheduler->turnTime());
    timersArmed.store(timerWheel->armedCount(), std::memory_order_relaxed);
}

void Reactor::park(TimePoint until) noexcept
{
    timersArmed.store(timerWheel->armedCount(), std::memory_order_relaxed);
    const auto expiry = std::min({until, timerWheel->nextExpiry(), idleMemory.nextVisit()});
    if (completionBatching.isAllowed())
    {
        const auto now = ioEngine->now();
        const auto counts = ioEngine->statistics();
        const auto wait = completionBatching.wait(now, counts.completions - counts.atOnce);
        if (wait > std::chrono::nanoseconds::zero())
        {
            ioEngine->gather(std::min(expiry, now + wait));
            return;
        }
    }
    ioEngine->park(expiry);
}

void Reactor::wake() noexcept
{
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the wake-up is there already.
    [[maybe_unused]] const auto size = ::write(wakeDescriptor.get(), &one, sizeof(one));
}

void Reactor::buffersReturned() noexcept
{
    if (!reclaimItem.posted.exchange(true, std::memory_order_seq_cst))
    {
        fiberScheduler->post(reclaimItem);
    }
}

ReactorStatistics Reactor::statistics() const
{
    ReactorStatistics statistics;
    statistics.index = options.index;
    statistics.cpu = options.cpu;
    statistics.fibers = fiberScheduler->records().inUse();
    {
        const std::lock_guard lock(observationMutex);
        const bool runs = observedEngine != nullptr;
        statistics.engineName = engineName;
        statistics.engineFallbackReason = engineFallbackReason;
        statistics.engine = runs ? observedEngine->statistics() : lastEngineStatistics;
        statistics.cpuTime = runs ? timeOf(cpuClock) : lastCpuTime;
    }
    if (const auto started = startedNs.load(std::memory_order_relaxed); started != 0)
    {
        const auto nowNs = Clock::now().time_since_epoch().count();
        statistics.running = std::chrono::nanoseconds(nowNs - started);
    }
    statistics.timersArmed = timersArmed.load(std::memory_order_relaxed);
    statistics.buffers = ioBuffers.statistics();
    for (const auto stackClass : StackClasses)
    {
        statistics.stacks[static_cast<std::size_t>(stackClass)] =
            fiberScheduler->stacks().statistics(stackClass);
    }
    return statistics;
}

} // namespace weft
