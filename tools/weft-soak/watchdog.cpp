#include "watchdog.hpp"

#include <weft/reactor/runtime.hpp>
#include <weft/sources/quantity.hpp>

#include "best_effort_print.hpp"
#include "roster.hpp"
#include "usage_error.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <pthread.h>

namespace weft::soak
{

using tools::printBestEffort;

namespace
{

constexpr std::size_t ShownMax = 40; // sources, and fibers

} // namespace

Watchdog::Watchdog(std::chrono::nanoseconds watchTimeMax, const Roster& sourceRoster,
                   std::function<std::uint64_t()> progressNumber, std::function<void()> lastWords)
    : timeMax(watchTimeMax),
      roster(sourceRoster),
      progress(std::move(progressNumber)),
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
    watchdog.expectedBy = Clock::now() + watchdog.timeMax;
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
            complaint = expected + " took longer than " + formatDuration(timeMax);
        }
        else if (now - seenAt > timeMax * 2)
        {
            complaint =
                "no source has emitted or started anything for " + formatDuration(timeMax * 2);
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
    const auto lines = roster.describe(source);
    for (std::size_t index = 0; index < std::min(lines.size(), ShownMax); ++index)
    {
        printBestEffort(stderr, "  {}\n", lines[index]);
    }
    if (lines.size() > ShownMax)
    {
        printBestEffort(stderr, "  and {} more sources\n", lines.size() - ShownMax);
    }
    pictureOfRuntime(source);
}

void Watchdog::pictureOfRuntime(const std::string& source)
{
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
        if (fiber.name.starts_with(source) && shown++ < ShownMax)
        {
            printBestEffort(stderr, "  fiber {} '{}' on reactor {}: {} for {}\n", fiber.id,
                            fiber.name, fiber.reactor, toString(fiber.state),
                            formatDuration(fiber.timeInState));
        }
    }
    if (shown > ShownMax)
    {
        printBestEffort(stderr, "  and {} more fibers\n", shown - ShownMax);
    }
}

} // namespace weft::soak
