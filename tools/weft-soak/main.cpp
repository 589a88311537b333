#include <weft/sources/quantity.hpp>

#include "descriptor_limit.hpp"
#include "engine_option.hpp"
#include "interrupt_signals.hpp"
#include "output_file.hpp"
#include "plan.hpp"
#include "run_program.hpp"
#include "soak.hpp"
#include "soak_options.hpp"
#include "summary.hpp"
#include "usage_error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <optional>
#include <string>

namespace
{

using namespace weft;
using namespace weft::soak;

constexpr const char* Description =
    "Runs a mixed population of sources against a peer that misbehaves by seed, and checks every "
    "byte, every last event, and that everything they held comes back.";

constexpr const char* Footer = R"(
TCP sources that flood, trickle or stay silent, that lose their connection in mid-record or never
get one; files, pipes, and files that are not there. Most run on fibers, some on threads. Their
consumers are prompt, suspend, hold buffers on other threads, hoard them, refuse them for a while,
block, or throw; some demand what there is. Sources are stopped in every way at planned moments, and
start again. After each round everything is stopped: buffers, stacks, fibers, timers, operations,
descriptors and threads must be as before.

The seed decides what each source meets, and when. The same seed has the same plan: its digest, of
the first rounds and lives, is printed, and --print-plan shows it.

Examples:
  weft-soak                            two minutes, 300 sources, a random seed
  weft-soak --minutes 30 --report soak.json
  weft-soak --seed 42 --print-plan     what seed 42 has in store

Exit code: 0 all checks passed; 1 a violation, or something was stuck; 2 wrong usage; 130
interrupted by Ctrl-C (the sources are stopped and checked first; a second one gives up at once).
)";

int soakWith(const SoakArguments& arguments)
{
    const SoakOptions options(arguments);
    if (arguments.printPlan)
    {
        printPlan(options.seed, options.sources);
        fmt::print("seed {}, digest of the plan {:016x}\n", options.seed,
                   planDigest(options.seed, options.sources));
        return tools::ExitSuccess;
    }
    // At most three for each source, its peer's two included, and one for each thread.
    constexpr std::uint64_t DescriptorsBeside = 100;
    tools::requireDescriptors(std::uint64_t{options.sources} * 3 + options.sources / 4 +
                              DescriptorsBeside);
    std::optional<tools::OutputFile> report;
    if (!arguments.report.empty())
    {
        report.emplace(arguments.report);
    }
    tools::InterruptSignals signals;
    auto* const spoken = arguments.report == "-" ? stderr : stdout;
    fmt::print(spoken, "seed {}, digest of the plan {:016x}: {} sources for {}\n", options.seed,
               planDigest(options.seed, options.sources), options.sources,
               formatDuration(options.duration));
    std::fflush(stdout);

    Soak soak(options, signals);
    const auto end = soak.run();
    std::fflush(stderr);
    fmt::print(spoken, "{}", summarize(soak, options, end));
    std::fflush(nullptr);
    if (report)
    {
        constexpr int Indent = 2;
        report->commit(toJson(soak, options, end).dump(Indent) + '\n');
    }
    if (soak.findings().count() > 0)
    {
        return tools::ExitFailed;
    }
    return end == SoakEnd::Interrupted ? tools::ExitGaveUp : tools::ExitSuccess;
}

void addOptions(CLI::App& application, SoakArguments& arguments)
{
    const auto add =
        [&application](const char* name, std::string& value, const char* text, const char* help)
    {
        return application.add_option(name, value, help)->option_text(text);
    };
    add("--minutes", arguments.minutes, "M", "How long, such as 30 or 0.5 (default 2)");
    add("--seed", arguments.seed, "S", "Repeats the plan of faults (default random)");
    add("--sources", arguments.sources, "N", "Sources at a time (default 300)");
    add("--reactors", arguments.reactors, "R", "Reactor threads (default one for each CPU)");
    add("--engine", arguments.engine, "NAME", tools::EngineOptionHelp);
    add("--round", arguments.round, "TIME", "Between two looks at what is left (default 15s)");
    add("--memory-growth", arguments.memoryGrowth, "SIZE",
        "Resident memory may grow so much after the first round (default 64MiB)");
    add("--report", arguments.report, "FILE",
        "Write the account to this file, as JSON; - for standard output");
    application.add_flag("--print-plan", arguments.printPlan, "Show the plan and end");
    // For the tests of the soak itself.
    application.add_option("--plant", arguments.plant)->group("");
    application.add_option("--watchdog", arguments.watchdog)->group("");
    application.footer(Footer);
}

} // namespace

int main(int argumentCount, char** words)
{
    SoakArguments arguments;
    CLI::App application(Description, "weft-soak");
    addOptions(application, arguments);
    return tools::runProgram(application, argumentCount, words,
                             [&arguments]
                             {
                                 return soakWith(arguments);
                             });
}
