#include "run_seed.hpp"

#include <weft/reactor/runtime.hpp>
#include <weft/reactor/simulation/simulation.hpp>
#include <weft/sources/quantity.hpp>

#include "usage_error.hpp"
#include "worker.hpp"

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <unistd.h>

namespace weft::sim
{

namespace
{

/// The run under way, for those that end the process.
struct CurrentRun
{
    std::uint64_t seed = 0;
    const WorkerOptions* options = nullptr;
    simulation::Simulation* simulation = nullptr;
};

CurrentRun currentRun;
std::atomic_flag reported = ATOMIC_FLAG_INIT;

std::string mistakeOption(Mistake mistake)
{
    switch (mistake)
    {
    case Mistake::None:
        return "";
    case Mistake::ResumeAtCancellation:
        return " --mistake resume-at-cancellation";
    case Mistake::DropRacedBytes:
        return " --mistake drop-raced-bytes";
    case Mistake::LoseWakeUp:
        return " --mistake lose-wake-up";
    case Mistake::LendTwice:
        return " --mistake lend-twice";
    case Mistake::ForgetWaiter:
        return " --mistake forget-waiter";
    }
    return "";
}

[[noreturn]] void reportAndExit(std::string_view reason)
{
    if (!reported.test_and_set())
    {
        auto& simulation = *currentRun.simulation;
        const auto simulated = simulation.now() - simulation.startTime();
        fmt::print("found: {}\nseed {}, {} of simulated time after the start\nrepeat it with: {}\n",
                   reason, currentRun.seed, formatDuration(simulated),
                   commandFor(currentRun.seed, *currentRun.options));
        const auto events =
            simulation.trace().last(currentRun.options->eventsShown, simulation.startTime());
        fmt::print("the last {} of {} events:\n", events.size(), simulation.trace().count());
        for (const auto& event : events)
        {
            fmt::print("  {}\n", event);
        }
        std::fflush(stdout);
    }
    std::_Exit(tools::ExitFailed);
}

/// Also for SIGPROF, which ends a run that goes round in circles. Not what a signal handler may do,
/// but the process is lost anyway, and the events are worth a try. An alarm ends it when the try is
/// stuck.
void handleCrash(int signal)
{
    std::signal(SIGPROF, SIG_DFL);
    constexpr unsigned SecondsMost = 10;
    ::alarm(SecondsMost);
    if (currentRun.simulation == nullptr)
    {
        std::signal(signal, SIG_DFL);
        std::raise(signal);
        return;
    }
    reportAndExit(signal == SIGABRT   ? "the program has aborted itself; standard error says why"
                  : signal == SIGPROF ? "the run comes to no end"
                                      : "the program has crashed");
}

void handleCrashes()
{
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF})
    {
        struct sigaction action = {};
        action.sa_handler = handleCrash;
        // On its own stack where there is one: that of a fiber may be what was overrun.
        action.sa_flags = SA_ONSTACK | static_cast<int>(SA_RESETHAND);
        ::sigemptyset(&action.sa_mask);
        ::sigaction(signal, &action, nullptr);
    }
}

/// As a rule those that the simulation has; some seeds have a kind machine, some a bad one.
simulation::Faults makeFaults(std::uint64_t seed)
{
    // Not the seed as it is: the machine draws from that.
    simulation::Chance chance(~seed);
    simulation::Faults faults;
    switch (chance.below(5))
    {
    case 0:
        return {.shortTransfer = 0,
                .socketRefused = 0,
                .cancellationLost = 0,
                .slowCompletion = 0,
                .queueFull = 0,
                .lateWakeUp = 0,
                .clockJump = 0,
                .threadsSlow = 0};
    case 1:
        return {.shortTransfer = 2,
                .socketRefused = 10,
                .cancellationLost = 2,
                .slowCompletion = 2,
                .queueFull = 2,
                .lateWakeUp = 2,
                .clockJump = 20000,
                .threadsSlow = 2};
    default:
        return faults;
    }
}

} // namespace

std::string commandFor(std::uint64_t seed, const WorkerOptions& options)
{
    return fmt::format("{} --seed {} --sources {} --duration {}s{}",
                       options.mistake == Mistake::None ? "weft-sim" : "weft-sim-mistaken", seed,
                       options.sources, std::chrono::duration<double>(options.duration).count(),
                       mistakeOption(options.mistake));
}

RunResult runSeed(std::uint64_t seed, const WorkerOptions& options)
{
    static const bool crashesHandled = (handleCrashes(), true);
    static_cast<void>(crashesHandled);
#if defined(WEFT_PLANTED_MISTAKES)
    plantMistake(options.mistake);
#endif
    simulation::Simulation simulation({.seed = seed, .faults = makeFaults(seed)});
    currentRun = {.seed = seed, .options = &options, .simulation = &simulation};
    simulation.onFailure(
        [](const std::string& reason)
        {
            reportAndExit(reason);
        });
    Worker worker(simulation, seed, options);
    RunResult result{.seed = seed};
    worker.run();
    result.digest = simulation.trace().digest();
    result.events = simulation.trace().count();
    result.simulated = simulation.endTime() - simulation.startTime();
    result.operations = worker.operations();
    result.tally = worker.tally();
    currentRun = {};
    return result;
}

} // namespace weft::sim
