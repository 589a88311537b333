#include <weft/sources/quantity.hpp>

#include "campaign.hpp"
#include "own_session.hpp"
#include "result_json.hpp"
#include "tables.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include <descriptor_limit.hpp>
#include <interrupt_signals.hpp>
#include <load/machine.hpp>
#include <load/weft_receivers.hpp>
#include <program.hpp>
#include <sys/resource.h>
#include <unistd.h>

namespace
{

using namespace weft;
using namespace weft::bench;

constexpr std::array Receivers{WeftOnUring, WeftOnEpoll};

constexpr const char* Description =
    "How weft's throughput grows with its reactors: n reactors in one process beside n times one "
    "reactor, and beside n processes with one reactor each, which is what reactors that share "
    "nothing would do.";

constexpr const char* Footer = R"(Workloads, each as large for n reactors as n times that for one
  flood    connections that send as fast as they are received from; 4 KiB buffers
  trickle  messages of 128 bytes, --rate a second to each reactor; throughput cannot be more than
           what is sent, so look at the CPU time
  mixed    slow connections, 10 messages a second each, beside one that floods
  files    files in the page cache, read to their ends; needs no generator, so it has all CPUs
There is no beside-compute here, as in weft-bench-ingest: the job would take of each reactor's CPU
what it takes of one's.

Both ways of a number of reactors have the same layout. Each reactor is pinned to a CPU, one of each
core first, in turn; it has its own sources, sink and generator, and the generator is a process of
its own. Where there are two CPUs for each reactor, generators have CPUs of their own. Where there
are fewer, or with --generators shared, each is on its reactor's CPU, and the notes say so: then the
throughput is that of receiver and generator together, good for the ratio to n processes only; the
CPU time of the receiving processes is the measure. More reactors than CPUs (mask and cgroup quota)
are marked BEYOND CORES. What is not on the same terms has a *: it is no claim, and not in the fit.

Columns
  GiB/s, messages/s  n reactors in one process; 'n processes': the sum of n processes of one
  of linear          of n times one reactor
  of n proc.         of the n processes: 1 is the ideal. For one reactor both ways are the same, so
                     what is not 1 there is the noise
  CPU s/GiB, s/M     of the receiving processes, for each GiB or million messages; its two ratios are
                     the ideal's CPU time by ours, so 1 is the ideal again, and less is worse
  p99 ms             from send to where the buffer is handed on, of the worst reactor
  wake-ups           of reactors that were asleep, by other threads, in the whole window of one
                     process: nothing is shared between reactors on the path of data, so 0 is right
                     (for files the window has the start of each source in it, and a source's calls
                     on offload threads count too)
  busy, others %     of the reactors' CPUs: by weft; by neither weft nor generators. When others are
                     far above 0, the figures are those of the machine
The fit is Gunther's universal scalability law, X(n) = lambda n / (1 + sigma (n-1) + kappa n (n-1)):
sigma for contention, kappa for coherency; 0 and 0 is linear. It takes 4 numbers of reactors on the
same terms: 4 cores for files or with --generators shared, 8 where generators have their own CPUs.

Each buffer is checked: a run that receives something else than what was sent fails. All runs are
interleaved, and medians over the repetitions are printed.

Exit code: 0 measured; 1 a run has failed; 2 usage; 77 weft's engine cannot run here; 130
interrupted: its processes and files are gone.)";

void addOptions(CLI::App& application, Options& options)
{
    application.add_option("--workload", options.workloads, "What to receive (default: all)")
        ->delimiter(',')
        ->check(CLI::IsMember(workloadNames()));
    application
        .add_option(
            "--reactors", options.reactors,
            "How many (default: 1, 2, 3, 4, 6, 8, 12 and so on up to the usable CPUs, and these)")
        ->delimiter(',')
        ->check(CLI::Range(1, 1024));
    application
        .add_option("--sources", options.sources,
                    "Of each reactor (default: flood 100, trickle 1000, mixed 1000, files 16)")
        ->delimiter(',')
        ->check(CLI::Range(1, 100000));
    application.add_option("--receiver", options.receiver, "weft's engine")
        ->check(CLI::IsMember({std::string(WeftOnUring.name), std::string(WeftOnEpoll.name)}))
        ->capture_default_str();
    application
        .add_option("--generators", options.generators,
                    "On CPUs of their own where there are enough, or shared with their reactors")
        ->check(CLI::IsMember({"own", "shared"}))
        ->capture_default_str();
    application.add_option("--repetitions", options.repetitions, "Runs of each sort")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    application.add_option("--seconds", options.seconds, "Measured in each run, but for files")
        ->check(CLI::Range(0.05, 3600.0))
        ->capture_default_str();
    application
        .add_option("--rate", options.rate, "Messages per second to each reactor, for trickle")
        ->check(CLI::Range(1.0, 1e8))
        ->capture_default_str();
    application
        .add_option("--flush", options.flush,
                    "How long a partly filled buffer may wait, for trickle")
        ->capture_default_str();
    application
        .add_option("--nice", options.niceness,
                    "Niceness of the processes of a run; below 0 for root only")
        ->check(CLI::Range(-20, 19))
        ->capture_default_str();
    application
        .add_option("--directory", options.directory,
                    "For files; made, must be on a disk (default: in the temporary directory)")
        ->check(CLI::NonexistentPath);
    application
        .add_option("--files-mib", options.filesMiB, "Size of the files of each reactor together")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    application.add_option("--json", options.json, "Write all figures to this file");
    application.add_flag("--quick", options.quick, "One short run each");
    application.add_option(RoleOption, options.role, "")->group("");
    application.add_option(BoardOption, options.boards, "")->delimiter(',')->group("");
    application.footer(Footer);
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

/// All files should stay in the page cache, and something must be left.
void checkFiles(const Options& options)
{
    constexpr std::uint64_t SourceMiBLeast = 1;
    constexpr std::uint64_t MiB = 1 << 20;
    const auto memoryMiB = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                           static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / MiB;
    const auto neededMiB = options.filesMiB * options.reactors.back();
    if (neededMiB > memoryMiB / 2)
    {
        throw CLI::ValidationError(
            "--files-mib", fmt::format("{} MiB for each of {} reactors do not fit in half of the "
                                       "memory, {} MiB; take less or fewer --reactors",
                                       options.filesMiB, options.reactors.back(), memoryMiB / 2));
    }
    const auto sources =
        options.sources.empty() ? std::uint64_t{16} : std::ranges::max(options.sources);
    if (options.filesMiB / sources < SourceMiBLeast)
    {
        throw CLI::ValidationError("--files-mib",
                                   fmt::format("{} MiB are less than 1 MiB for each of {} files",
                                               options.filesMiB, sources));
    }
}

void fillDefaults(Options& options, const Topology& topology)
{
    if (options.workloads.empty())
    {
        options.workloads = workloadNames();
    }
    if (options.reactors.empty())
    {
        options.reactors = defaultReactorCounts(topology);
    }
    std::ranges::sort(options.reactors);
    const auto [first, last] = std::ranges::unique(options.reactors);
    options.reactors.erase(first, last);
    const auto flush = parseDuration(options.flush);
    if (!flush.has_value())
    {
        throw CLI::ValidationError("--flush",
                                   fmt::format("'{}' is no duration such as 10ms", options.flush));
    }
    options.flushNs = flush->count();
    if (options.directory.empty())
    {
        options.directory = std::filesystem::temp_directory_path() /
                            fmt::format("weft-bench-scaling-{}", ::getpid());
    }
    if (std::ranges::find(options.workloads, "files") != options.workloads.end())
    {
        checkFiles(options);
    }
}

/// Three for each source are more than enough; beyond the hard limit if we may.
void raiseDescriptorLimit(const Options& options, const std::vector<Case>& cases)
{
    constexpr std::size_t Others = 1000;
    std::size_t sources = 0;
    for (const auto& what : cases)
    {
        sources = std::max(sources, what.lane.sources() * options.reactors.back());
    }
    const rlim_t wanted = 3 * sources + Others;
    if (tools::raiseDescriptorLimit().soft < wanted)
    {
        const rlimit limit{.rlim_cur = wanted, .rlim_max = wanted};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int statusOf(const std::vector<CaseRuns>& cases)
{
    constexpr int NothingMeasured = 77;
    bool measured = false;
    for (const auto& runs : cases)
    {
        if (runs.failedRuns > 0)
        {
            return 1;
        }
        measured |= runs.unavailable.empty();
    }
    return measured ? 0 : NothingMeasured;
}

void printMachine(const Options& options, const Topology& topology)
{
    for (const auto& [name, value] : describeMachine())
    {
        fmt::print("{:<12} {}\n", name, value);
    }
    fmt::print("{} of {} CPUs can be used; {} runs of {} s each\n", topology.usable,
               topology.cpus.size(), options.repetitions, options.seconds);
    std::fflush(stdout);
}

int measure(const Options& options, const Topology& topology)
{
    ResultFile file(options.json);
    tools::InterruptSignals signals;
    const std::function<void()> whileWaiting = [&signals]
    {
        signals.throwIfTaken();
    };
    const auto wanted = casesOf(options);
    raiseDescriptorLimit(options, wanted);
    printMachine(options, topology);
    Progress progress;
    std::vector<CaseRuns> cases;
    for (const auto& what : wanted)
    {
        cases.push_back(runCase(what, topology, options, progress, whileWaiting));
        printTable(cases.back());
    }
    file.write(toJson(topology, cases));
    return statusOf(cases);
}

} // namespace

int main(int argumentCount, char** arguments)
{
    Options options;
    CLI::App application(Description, "weft-bench-scaling");
    addOptions(application, options);
    return runProgram(application, argumentCount, arguments,
                      [&]
                      {
                          if (!options.role.empty())
                          {
                              return playRole(options.role, options.boards, Receivers);
                          }
                          if (options.quick)
                          {
                              shorten(options, application);
                          }
                          const auto topology = findTopology();
                          fillDefaults(options, topology);
                          const auto work = [&]
                          {
                              return measure(options, topology);
                          };
                          return runInOwnSession(options.niceness,
                                                 [&]
                                                 {
                                                     return tellWhatFails(application, work);
                                                 });
                      });
}
