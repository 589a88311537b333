#include "best_effort_print.hpp"
#include "many_seeds.hpp"
#include "run_program.hpp"
#include "run_seed.hpp"
#include "sim_options.hpp"
#include "summary.hpp"
#include "usage_error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include <unistd.h>

namespace
{

using namespace weft;
using namespace weft::sim;

constexpr const char* Description =
    "Runs a whole worker on a simulated machine: hundreds of sources of all kinds in simulated "
    "hours, with everything that happens decided by a seed, and checks it after each step.";

constexpr const char* Footer = R"(
TCP peers that refuse, do not answer, trickle, flood, stall, half-close and reset; names with
several addresses; regular files, FIFOs, files that cannot be read; consumers that hold buffers,
sleep, refuse, throw and stop their own source; queries that start, flush and stop them. No byte may
be lost, doubled or out of place, nobody may wait for ever, each error is emitted once, and in the
end everything has come back. The same seed, with the same --sources and --duration, is the same
run, event by event.

Examples:
  weft-sim --seed 42                  one worker: 200 sources for an hour
  weft-sim --seeds 2000               two thousand small workers: 16 sources for 20 minutes each
  weft-sim --until-stopped            small workers until Ctrl-C

Exit code: 0 nothing was found; 1 something was found: standard output has what, the seed, the
command that repeats it and the last events; 2 wrong usage; 130 interrupted by Ctrl-C.
)";

/// Tells what came of it. The exit code is that of the run, unless nobody could be told.
int finish(const ManySeeds& all, const SimOptions& options, int exitCode)
{
    printSummary(all);
    try
    {
        if (!options.report.empty())
        {
            writeReport(all, options.report);
        }
        if (std::ferror(stdout) != 0)
        {
            throw std::runtime_error("cannot write to standard output");
        }
    }
    catch (const std::exception& error)
    {
        tools::printBestEffort(stderr, "weft-sim: {}\n", error.what());
        return exitCode == tools::ExitSuccess ? tools::ExitFailed : exitCode;
    }
    return exitCode;
}

int runOne(const SimOptions& options)
{
    std::signal(SIGINT,
                [](int)
                {
                    ::_exit(tools::ExitGaveUp);
                });
    const auto started = std::chrono::steady_clock::now();
    ManySeeds all;
    const auto result = runSeed(*options.seed, options.worker);
    all.totals.add(result);
    all.realTime = std::chrono::steady_clock::now() - started;
    fmt::print("seed {}, digest {:016x}\n", result.seed, result.digest);
    return finish(all, options, tools::ExitSuccess);
}

int runMany(const SimOptions& options)
{
    const auto all = runManySeeds(options);
    if (!all.found.empty())
    {
        return finish(all, options, tools::ExitFailed);
    }
    return finish(all, options, all.interrupted ? tools::ExitGaveUp : tools::ExitSuccess);
}

void addOptions(CLI::App& application, SimArguments& arguments)
{
    const auto add =
        [&application](const char* name, std::string& value, const char* text, const char* help)
    {
        return application.add_option(name, value, help)->option_text(text);
    };
    add("--seed", arguments.seed, "S", "Run this seed");
    add("--seeds", arguments.seeds, "N", "Run so many seeds, in several processes");
    application.add_flag("--until-stopped", arguments.untilStopped, "Run seeds until Ctrl-C");
    add("--first-seed", arguments.firstSeed, "S", "Of --seeds and --until-stopped (default 0)");
    add("--jobs", arguments.jobs, "N", "Processes at a time (default one for each CPU)");
    application.add_flag("--keep-going", arguments.keepGoing,
                         "Go on with other seeds when something was found");
    add("--sources", arguments.sources, "N", "Of each worker (default 200; of many seeds 16)");
    add("--duration", arguments.duration, "TIME",
        "Simulated, of each worker (default 1h; of many seeds 20m)");
    add("--events", arguments.events, "N", "Shown after a finding (default 40)");
    add("--report", arguments.report, "FILE", "Write the summary to this file, as JSON");
    auto* const mistake = application.add_option("--mistake", arguments.mistake,
                                                 "The mistake that this build is to make");
#if !defined(WEFT_PLANTED_MISTAKES)
    application.remove_option(mistake);
#else
    mistake->option_text("NAME");
#endif
    application.footer(Footer);
}

} // namespace

int main(int argumentCount, char** words)
{
    SimArguments arguments;
    CLI::App application(Description, "weft-sim");
    addOptions(application, arguments);
    return tools::runProgram(application, argumentCount, words,
                             [&arguments]
                             {
                                 const SimOptions options(arguments);
                                 return options.seed ? runOne(options) : runMany(options);
                             });
}
