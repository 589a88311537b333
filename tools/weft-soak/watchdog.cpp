#include "watchdog.hpp"

#include <weft/reactor/runtime.hpp>
#include <weft/sources/quantity.hpp>

#include "best_effort_print.hpp"
#include "usage_error.hpp"

#include <cstdlib>
#include <utility>

#include <pthread.h>

namespace weft::soak
{

using tools::printBestEffort;

Watchdog::Watchdog(std::function<std::uint64_t()> progressNumber, std::function<void()> lastWords)
    : progress(std::move(progressNumber)),
      sayLastWords(std::move(lastWords)),
      thread(
          [this]
          {
              ::pthread_setname_np(::pthread_self(), "soak-watchdog");
              run();
          })
{
}

Watchdog::~Watchdog()
{
    {
        const std::lock_guard lock(mutex);
        stopping = true;
    }
    changed.notify_all();
    thread.join();
}

void Watchdog::look(Runtime* lookedAt)
{
    const std::lock_guard lock(mutex);
    runtime = lookedAt;
}

Watchdog::Expectation::Expectation(Watchdog& owner, std::string what) : watchdog(owner)
{
    const std::lock_guard lock(watchdog.mutex);
    watchdog.expected = std::move(what);
    watchdog.expectedBy = Clock::now() + StopTimeMax;
}

Watchdog::Expectation::~Expectation()
{
    const std::lock_guard lock(watchdog.mutex);
    watchdog.expectedBy.reset();
}

void Watchdog::run()
{
    constexpr std::chrono::milliseconds Interval{500};
    auto seen = progress();
    auto seenAt = Clock::now();
    std::unique_lock lock(mutex);
    while (!changed.wait_for(lock, Interval,
                             [this]
                             {
                                 return stopping;
                             }))
    {
        const auto now = Clock::now();
        if (const auto number = progress(); number != seen)
        {
            seen = number;
            seenAt = now;
        }
        std::string complaint;
        if (expectedBy && now > *expectedBy)
        {
            complaint = expected + " took longer than " + formatDuration(StopTimeMax);
        }
        else if (now - seenAt > ProgressTimeMax)
        {
            complaint =
                "no source has emitted or started anything for " + formatDuration(ProgressTimeMax);
        }
        if (!complaint.empty())
        {
            lock.unlock();
            giveUp(complaint);
        }
    }
}

void Watchdog::giveUp(const std::string& what, const std::string& source)
{
    printBestEffort(stderr, "stuck: {}\n", what);
    picture(source);
    sayLastWords();
    std::fflush(nullptr);
    // What is stuck would keep an orderly end from ending.
    std::_Exit(tools::ExitFailed);
}

void Watchdog::picture(const std::string& source)
{
    constexpr std::size_t FibersShownMax = 40;
    const std::lock_guard lock(mutex);
    if (runtime == nullptr)
    {
        printBestEffort(stderr, "  no runtime is there\n");
        return;
    }
    for (const auto& reactor : runtime->statistics())
    {
        printBestEffort(stderr,
                        "  reactor {}: {} fibers, {} of {} buffers in use, {} waited for, {} "
                        "operations in the engine, {} timers\n",
                        reactor.index, reactor.fibers, reactor.buffers.inUse, reactor.buffers.total,
                        reactor.buffers.waiting,
                        reactor.engine.operations - reactor.engine.completions,
                        reactor.timersArmed);
    }
    std::size_t shown = 0;
    for (const auto& fiber : runtime->fibers())
    {
        if (fiber.name.starts_with(source) && shown++ < FibersShownMax)
        {
            printBestEffort(stderr, "  fiber {} '{}' on reactor {}: {} for {}\n", fiber.id,
                            fiber.name, fiber.reactor, toString(fiber.state),
                            formatDuration(fiber.timeInState));
        }
    }
    if (shown > FibersShownMax)
    {
        printBestEffort(stderr, "  and {} more fibers\n", shown - FibersShownMax);
    }
}

} // namespace weft::soak
