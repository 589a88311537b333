#include <weft/reactor/usable_cpus.hpp>
#include <weft/sources/quantity.hpp>

#include "campaign.hpp"
#include "receiver_kinds.hpp"
#include "result_json.hpp"
#include "tables.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <descriptor_limit.hpp>
#include <interrupt_signals.hpp>
#include <load/machine.hpp>
#include <program.hpp>
#include <sys/resource.h>
#include <unistd.h>

namespace
{

using namespace weft;
using namespace weft::bench;

constexpr const char* Description =
    "What it costs to receive from many sources, by one thread or by threads of one CPU: weft "
    "beside the other ways to do it, which all do the same work.";

constexpr const char* Footer = R"(
Workloads
  flood           connections that send as fast as they are received from; 4 KiB buffers, handed on
                  when full
  trickle         messages of 128 bytes with the time of their send, --rate a second over all
                  connections; latency is from there to where the buffer is handed on
  mixed           slow connections, 10 messages a second each, without and with one that floods
  files           1 and 100 files, in the page cache and out of it (POSIX_FADV_DONTNEED after fsync;
                  'cached %' is what mincore found before the run), not O_DIRECT; one run reads all
  beside-compute  a trickle that grows with the connections up to --rate, while a job computes on the
                  receiver's CPU: 'of alone' is what is left of its speed, 'per CPU s' its speed
                  while it has the CPU

Every run has a process of its own for the receiver and one for the generator, each pinned to one
CPU; runs of different receivers take turns, and medians over the repetitions are printed. 'of
single' is the ratio to raw io_uring with one receive at a time. The receiver's main thread sleeps
and measures; CPU time and context switches are those of the whole process. Memory is private memory
beyond what the process had before the first source. System calls are counted around the C library's
functions for reading, writing and waiting, and where rings are entered; those for mutexes are not
counted. 'others %' is the share of the receiver's CPU that other processes and interrupts had, 'late
%' the share of messages that were sent more than 1 ms behind the timetable: when they are far above
0, the figures are those of the machine. For a flood, 'generator %' near 100 beside a lower 'busy %'
means that the receiver waited for the generator.

Each receiver checks every message and block it receives; a run that receives something else than
what was sent fails.

Exit code: 0 measured; 1 a run has failed; 2 usage; 77 no receiver can run here; 130 interrupted.)";

/// Throws CLI::ValidationError.
void resolveFlushes(Options& options)
{
    for (const auto& text : options.flushTexts)
    {
        const auto flush = parseDuration(text);
        if (!flush.has_value())
        {
            throw CLI::ValidationError("--flush",
                                       fmt::format("'{}' is no duration such as 10ms", text));
        }
        options.flushesNs.push_back(flush->count());
    }
}

std::vector<std::string> receiverNames()
{
    std::vector<std::string> names;
    for (const auto& receiver : receiverKinds())
    {
        names.emplace_back(receiver.name);
    }
    return names;
}

void addReceiverList(CLI::App& application)
{
    std::string text = "\nReceivers\n";
    for (const auto& receiver : receiverKinds())
    {
        text += fmt::format("  {:<14}  {}\n", receiver.name, receiver.help);
    }
    application.footer(text + Footer);
}

void addOptions(CLI::App& application, Options& options)
{
    application.add_option("--workload", options.workloads, "What to receive (default: all)")
        ->delimiter(',')
        ->check(CLI::IsMember(workloadNames()));
    application
        .add_option("--connections", options.connections,
                    "Connections or files (default: the workload's own numbers)")
        ->delimiter(',')
        ->check(CLI::Range(1, 100000));
    application.add_option("--receivers", options.receivers, "Who receives (default: all)")
        ->delimiter(',')
        ->check(CLI::IsMember(receiverNames()));
    application.add_option("--repetitions", options.repetitions, "Runs of each receiver")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    application.add_option("--seconds", options.seconds, "Measured in each run")
        ->check(CLI::Range(0.05, 3600.0))
        ->capture_default_str();
    application.add_option("--rate", options.rate, "Messages per second in all")
        ->check(CLI::Range(1.0, 1e8))
        ->capture_default_str();
    application
        .add_option("--flush", options.flushTexts,
                    "How long a partly filled buffer may wait (default: 0,10ms)")
        ->delimiter(',');
    application
        .add_option("--nice", options.niceness,
                    "Niceness of the processes of a run; below 0 for root only")
        ->check(CLI::Range(-20, 19))
        ->capture_default_str();
    application
        .add_option("--directory", options.directory,
                    "For files; made, must be on a disk (default: in the temporary directory)")
        ->check(CLI::NonexistentPath);
    application.add_option("--files-mib", options.filesMiB, "Size of all files together")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    application.add_option("--json", options.json, "Write all figures to this file");
    application.add_flag("--quick", options.quick, "One short run each, up to 1,000 connections");
    application.add_option(RoleOption, options.role, "")->group("");
    application.add_option(BoardOption, options.boards, "")->delimiter(',')->group("");
}

void fillDefaults(Options& options)
{
    if (options.workloads.empty())
    {
        options.workloads = workloadNames();
    }
    if (options.flushTexts.empty())
    {
        options.flushTexts = {"0", "10ms"};
    }
    resolveFlushes(options);
    if (options.directory.empty())
    {
        options.directory = std::filesystem::temp_directory_path() /
                            fmt::format("weft-bench-ingest-{}", ::getpid());
    }
}

void shorten(Options& options, const CLI::App& application)
{
    constexpr double QuickSeconds = 0.5;
    constexpr std::uint64_t QuickFilesMiB = 128;
    if (application.count("--repetitions") == 0)
    {
        options.repetitions = 1;
    }
    if (application.count("--seconds") == 0)
    {
        options.seconds = QuickSeconds;
    }
    if (application.count("--files-mib") == 0)
    {
        options.filesMiB = QuickFilesMiB;
    }
}

bool isQuick(const Case& what)
{
    constexpr std::size_t QuickSourcesMost = 1000;
    return what.plan.sources() <= QuickSourcesMost;
}

int statusOf(const std::vector<CaseRuns>& cases)
{
    constexpr int NothingMeasured = 77;
    bool measured = false;
    for (const auto& runs : cases)
    {
        for (const auto& own : runs.receivers)
        {
            measured |= !own.figures.empty();
            for (const auto& result : own.results)
            {
                if (result.outcome == RunOutcome::Failed)
                {
                    return 1;
                }
            }
        }
    }
    return measured ? 0 : NothingMeasured;
}

/// Three for each source are more than enough for any receiver; beyond the hard limit if we may.
void raiseDescriptorLimit(const std::vector<Case>& cases)
{
    constexpr std::size_t Others = 1000;
    std::size_t sources = 0;
    for (const auto& what : cases)
    {
        sources = std::max(sources, what.plan.sources());
    }
    const rlim_t wanted = 3 * sources + Others;
    if (tools::raiseDescriptorLimit().soft < wanted)
    {
        const rlimit limit{.rlim_cur = wanted, .rlim_max = wanted};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int runBenchmark(const Options& options)
{
    const auto cpus = findUsableCpus().cpus;
    for (const auto& [name, value] : describeMachine())
    {
        fmt::print("{:<12} {}\n", name, value);
    }
    fmt::print("receiver on CPU {}, generator on CPU {}; {} runs of {} s each\n", cpus.front(),
               cpus.back(), options.repetitions, options.seconds);
    if (cpus.size() < 2)
    {
        fmt::print("only one CPU can be used: generator and receiver share it\n");
    }
    std::vector<CaseRuns> cases;
    std::optional<CaseRuns> basis;
    const auto wanted = casesOf(options, cpus.front(), cpus.back());
    raiseDescriptorLimit(wanted);
    ResultFile file(options.json);
    tools::InterruptSignals signals;
    const std::function<void()> whileWaiting = [&signals]
    {
        signals.throwIfTaken();
    };
    for (const auto& what : wanted)
    {
        if (what.receivers.empty() || (options.quick && !isQuick(what)))
        {
            continue;
        }
        cases.push_back(runCase(what, options.repetitions, whileWaiting));
        const bool comparable = basis && basis->what.kind == what.kind;
        printTable(cases.back(), comparable ? &*basis : nullptr);
        if (what.isBasis)
        {
            basis = cases.back();
        }
    }
    file.write(toJson(cases));
    return statusOf(cases);
}

} // namespace

int main(int argumentCount, char** arguments)
{
    Options options;
    CLI::App application(Description, "weft-bench-ingest");
    addOptions(application, options);
    addReceiverList(application);
    return runProgram(application, argumentCount, arguments,
                      [&]
                      {
                          if (!options.role.empty())
                          {
                              return playRole(options.role, options.boards, receiverKinds());
                          }
                          if (options.quick)
                          {
                              shorten(options, application);
                          }
                          fillDefaults(options);
                          return runBenchmark(options);
                      });
}
