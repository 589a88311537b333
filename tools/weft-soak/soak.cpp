#include "soak.hpp"

#include <weft/sources/quantity.hpp>
#include <weft/sources/source_provider.hpp>

#include "best_effort_print.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace weft::soak
{

namespace
{

constexpr std::chrono::milliseconds StepInterval{2};

std::chrono::seconds progressInterval() noexcept
{
    return std::chrono::seconds(::isatty(STDERR_FILENO) != 0 ? 5 : 30);
}

/// The calling thread takes the signal by itself from now on, whatever it is stuck in.
void giveUpAtNextSignal() noexcept
{
    sigset_t taken;
    ::sigemptyset(&taken);
    for (const int signal : {SIGINT, SIGTERM})
    {
        std::signal(signal,
                    [](int)
                    {
                        ::_exit(tools::ExitGaveUp);
                    });
        ::sigaddset(&taken, signal);
    }
    ::pthread_sigmask(SIG_UNBLOCK, &taken, nullptr);
}

/// Few enough shared buffers that sources wait for them often.
std::uint32_t buffersFor(std::uint32_t sources, std::size_t reactors)
{
    constexpr std::uint32_t SharedLeast = 64;
    return std::max(sources, static_cast<std::uint32_t>(sources * 2 / reactors) + SharedLeast);
}

} // namespace

Soak::Soak(const SoakOptions& soakOptions, tools::InterruptSignals& interruptSignals)
    : options(soakOptions),
      signals(interruptSignals),
      watchdog(
          options.watchdog, roster,
          [this]
          {
              return soakTally.events.load(std::memory_order_relaxed);
          },
          [seed = soakOptions.seed]
          {
              tools::printBestEffort(stderr, "failed; --seed {} repeats the plan of faults\n",
                                     seed);
          }),
      peer(options.seed),
      context{.seed = options.seed,
              .directory = directory.path(),
              .peer = peer,
              .holder = holder,
              .prompter = prompter,
              .roster = roster,
              .findings = allFindings,
              .tally = soakTally,
              .watchdog = watchdog},
      plant(options.plant),
      slots(options.sources),
      progressDue(startTime + progressInterval())
{
}

Soak::~Soak()
{
    watchdog.look(nullptr);
}

SoakEnd Soak::run()
{
    while (!endsEarly && runningTime() < options.duration)
    {
        if (runtime == nullptr)
        {
            startRuntime();
        }
        runRound();
        peer.check();
        if (allFindings.count() > 0 && !endsEarly)
        {
            endsEarly = SoakEnd::Violation;
        }
    }
    if (runtime != nullptr)
    {
        endRuntime();
    }
    return endsEarly.value_or(SoakEnd::TimeIsOver);
}

void Soak::startRuntime()
{
    constexpr std::uint32_t ComputeBuffers = 64;
    constexpr std::uint32_t ThreadBuffersLeast = 32;
    RuntimeOptions runtimeOptions{
        .reactors = options.reactors, .computeBuffers = ComputeBuffers, .engine = options.engine};
    runtimeOptions = runtimeOptions.resolved();
    runtimeOptions.buffersPerReactor = buffersFor(options.sources, runtimeOptions.reactors);
    // Well above the part of the sources that is planned to run on threads.
    runtimeOptions.threadBuffers = options.sources / 4 + ThreadBuffersLeast;
    runtime = std::make_unique<Runtime>(runtimeOptions);
    context.bufferSizeBytes = static_cast<std::uint32_t>(runtimeOptions.bufferSizeBytes);
    watchdog.look(runtime.get());
    holder.use(&runtime->buffers().computePool());
    const auto before = takeBaseline(runtime.get());
    for (const auto& [what, problem] : differences(baselineResult.before, before))
    {
        allFindings.add("a new runtime: " + what, problem);
    }
    baselineResult.before = before;
}

void Soak::endRuntime()
{
    const Watchdog::Expectation expectation(watchdog, "the shutdown of the runtime");
    holder.releaseAll();
    holder.use(nullptr);
    runtime->shutdown();
    watchdog.look(nullptr);
    runtime.reset();
}

void Soak::runRound()
{
    const auto roundStart = Clock::now();
    const auto roundEnd = std::min(roundStart + options.round, startTime + options.duration);
    context.groups = &groups.emplace(options.sources);
    for (auto& slot : slots)
    {
        slot = {.life = nullptr, .lives = 0, .due = roundStart};
    }
    while (!endsEarly && Clock::now() < roundEnd && allFindings.count() == 0)
    {
        stepSlots();
        showProgress();
        if (pause(StepInterval))
        {
            endsEarly = SoakEnd::Interrupted;
            tools::printBestEffort(
                stderr, "interrupted: stopping the sources; interrupt again to give up\n");
            giveUpAtNextSignal();
        }
    }
    endRound(makeRoundEnd(options.seed, round));
    ++round;
    ++soakTally.rounds;
}

void Soak::stepSlots()
{
    const auto now = Clock::now();
    for (std::uint32_t source = 0; source < slots.size(); ++source)
    {
        auto& slot = slots[source];
        if (slot.life == nullptr && now >= slot.due)
        {
            startLife(source);
        }
        else if (slot.life != nullptr && slot.life->due(now))
        {
            endLife(source, std::nullopt);
        }
    }
}

void Soak::startLife(std::uint32_t source)
{
    auto& slot = slots[source];
    auto plan = makeLifePlan(options.seed, {round, source, slot.lives});
    if (plant == Plant::BlockForEver && deliversMuch(plan))
    {
        plan.consumer = {.kind = ConsumerKind::Blocking}; // nobody else is stuck with it
    }
    const SourceProvider provider(*runtime);
    const bool planted = deliversMuch(plan); // one mistake is enough
    context.plant = planted ? std::exchange(plant, Plant::Nothing) : Plant::Nothing;
    slot.life = std::make_unique<Life>(context, provider, plan);
    ++slot.lives;
    soakTally.events.fetch_add(1, std::memory_order_relaxed);
}

/// `how`: none for the way that is planned.
void Soak::endLife(std::uint32_t source, std::optional<StopKind> how)
{
    auto& slot = slots[source];
    if (how)
    {
        slot.life->end(*how);
    }
    else
    {
        slot.life->end();
    }
    slot.due = Clock::now() + slot.life->pauseAfter();
    slot.life.reset();
}

/// Sources whose stream the peer has ended in order must see that, unless they are stopped first.
void Soak::awaitEndsOfStreams()
{
    const auto deadline = Clock::now() + watchdog.stopTimeMax();
    for (const auto& slot : slots)
    {
        while (slot.life != nullptr && slot.life->endIsDue() && !endsEarly)
        {
            if (Clock::now() > deadline)
            {
                watchdog.giveUp(fmt::format("source {}, which is {}, has not seen the end of its "
                                            "stream for {}",
                                            slot.life->name(), toString(slot.life->state()),
                                            formatDuration(watchdog.stopTimeMax())),
                                slot.life->name());
            }
            if (pause(StepInterval))
            {
                endsEarly = SoakEnd::Interrupted;
                giveUpAtNextSignal();
            }
        }
    }
}

void Soak::endRound(RoundEnd how)
{
    if (how == RoundEnd::RuntimeShutdown)
    {
        const Watchdog::Expectation expectation(watchdog, "the shutdown of the runtime");
        runtime->shutdown();
    }
    else
    {
        awaitEndsOfStreams();
    }
    endLives(how);
    holder.releaseAll();
    groups.reset();
    checkBaseline(how);
    checkMemory();
    if (how == RoundEnd::RuntimeShutdown)
    {
        endRuntime();
    }
}

void Soak::endLives(RoundEnd how)
{
    if (how == RoundEnd::ManyThreads)
    {
        stopFromManyThreads();
    }
    for (const auto& slot : slots)
    {
        if (slot.life != nullptr && how == RoundEnd::RuntimeShutdown)
        {
            slot.life->stoppedByRuntime();
        }
        else if (slot.life != nullptr && how == RoundEnd::StopAllThenTry)
        {
            slot.life->requestStop();
        }
    }
    const auto stop = how == RoundEnd::DestroyHandles ? StopKind::Destroy : StopKind::TryStop;
    for (std::uint32_t source = 0; source < slots.size(); ++source)
    {
        if (slots[source].life != nullptr)
        {
            endLife(source, stop);
        }
    }
}

void Soak::stopFromManyThreads()
{
    constexpr std::size_t ThreadCount = 4;
    std::vector<std::jthread> threads;
    for (std::size_t index = 0; index < ThreadCount; ++index)
    {
        threads.emplace_back(
            [this, index]
            {
                // Each source is stopped by two of them.
                for (std::size_t place = index / 2; place < slots.size(); place += ThreadCount / 2)
                {
                    if (slots[place].life != nullptr)
                    {
                        slots[place].life->requestStop();
                    }
                }
            });
    }
}

/// What is given back by another thread takes a moment to be counted.
void Soak::checkBaseline(RoundEnd how)
{
    constexpr std::chrono::seconds TimeMax{10};
    const auto deadline = Clock::now() + TimeMax;
    auto& result = baselineResult;
    auto expected = result.before;
    if (how == RoundEnd::RuntimeShutdown)
    {
        // The reactors' own have gone with them; startRuntime() compares the process again.
        eraseProcess(expected);
    }
    result.after = takeBaseline(runtime.get());
    while (!differences(expected, result.after).empty() && Clock::now() < deadline)
    {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        result.after = takeBaseline(runtime.get());
    }
    if (how == RoundEnd::RuntimeShutdown)
    {
        eraseProcess(result.after);
    }
    for (const auto& [what, problem] : differences(expected, result.after))
    {
        allFindings.add(fmt::format("after round {}, {}: {}", round, toString(how), what), problem);
    }
}

void Soak::checkMemory()
{
    auto& result = baselineResult;
    result.residentLast = residentBytes();
    result.residentMost = std::max(result.residentMost, result.residentLast);
    if (result.residentFirst == 0)
    {
        result.residentFirst = result.residentLast;
    }
    const auto growth = result.residentLast - result.residentFirst;
    if (growth > options.memoryGrowthBytes)
    {
        allFindings.add(
            "memory",
            fmt::format("expected: at most {} more than after the first round; found: {} more",
                        formatSize(static_cast<std::uint64_t>(options.memoryGrowthBytes)),
                        formatSize(static_cast<std::uint64_t>(growth))));
    }
}

/// Whether a signal has come meanwhile.
bool Soak::pause(std::chrono::milliseconds time)
{
    pollfd waited{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
    ::poll(&waited, 1, static_cast<int>(time.count()));
    return waited.revents != 0 && signals.take();
}

void Soak::showProgress()
{
    const auto now = Clock::now();
    if (now < progressDue)
    {
        return;
    }
    progressDue = now + progressInterval();
    const auto running = std::ranges::count_if(slots,
                                               [](const Slot& slot)
                                               {
                                                   return slot.life != nullptr;
                                               });
    tools::printBestEffort(
        stderr, "{}: round {}; {} sources run, {} have been started; {} checked; {} resets; {}\n",
        formatDuration(std::chrono::floor<std::chrono::seconds>(now - startTime)), round + 1,
        running, soakTally.lives, formatSize(soakTally.bytesChecked.load()), soakTally.peer.resets,
        allFindings.count() == 0 ? "all well" : fmt::format("{} violations", allFindings.count()));
}

} // namespace weft::soak
