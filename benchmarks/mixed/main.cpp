#include <weft/reactor/runtime.hpp>
#include <weft/reactor/usable_cpus.hpp>
#include <weft/sources/quantity.hpp>
#include <weft/sources/source_provider.hpp>

#include "generator.hpp"
#include "latency_sink.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <descriptor_limit.hpp>
#include <interrupt_signals.hpp>
#include <median.hpp>
#include <program.hpp>

namespace
{

using namespace weft;
using namespace weft::bench;
using std::chrono::nanoseconds;

constexpr const char* Description =
    "How much one flooding TCP source slows the others on its reactor: the time from send to emit "
    "of many slow sources, without and with the flood, in phases that take turns.";

constexpr const char* Footer = R"(
The reactor is pinned to one CPU and the generator, a process of its own, to another one. Messages
carry the time of their send. A generator that is late is reported: its figures are then its own.
'busy' is the reactor's share of its CPU, 'kept' the share of the time in which it was ready and
other programs had that CPU: far above 0, the figures are those of the machine. 'waits' counts the
sources that had to wait for a buffer.

Exit code: 0 p99 with the flood is at most --bar times that without; 1 it is more, or a failure; 2
usage; 130 interrupted.
)";

struct Options
{
    std::size_t slow = 999;
    double rate = 10;
    std::size_t repetitions = 5;
    double seconds = 4;
    std::string flush = "0";
    std::uint32_t buffers = 4096;
    double bar = 2;
    std::string json;
};

struct Phase
{
    bool withFlood = false;
    Latencies latencies;
    double floodBytesPerSecond = 0;
    double sentPerSecond = 0; // to slow sources
    std::uint64_t late = 0;
    std::uint64_t refused = 0;
    nanoseconds worstLate{};
    double busy = 0;          // of the reactor
    double kept = 0;          // share of the time in which others had the CPU that it wanted
    std::uint64_t grants = 0; // times that a source had to wait for a buffer
};

/// How long the reactor's thread has been ready to run while its CPU ran others: the second field
/// of schedstat. Zero when the kernel does not tell.
nanoseconds waitedForCpu()
{
    std::error_code error;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", error))
    {
        std::string name;
        std::ifstream(task.path() / "comm") >> name;
        if (name == "weft-0")
        {
            std::int64_t ranNs = 0;
            std::int64_t waitedNs = 0;
            std::ifstream(task.path() / "schedstat") >> ranNs >> waitedNs;
            return nanoseconds(waitedNs);
        }
    }
    return {};
}

/// The slow sources' run; the flood comes and goes.
class Mixture
{
public:
    Mixture(const Options& mixtureOptions, Generator& messageGenerator, Runtime& weftRuntime,
            tools::InterruptSignals& interruptSignals)
        : options(mixtureOptions),
          generator(messageGenerator),
          runtime(weftRuntime),
          signals(interruptSignals),
          provider(weftRuntime),
          sink(options.slow, static_cast<std::size_t>(options.rate * options.seconds * 1.5 *
                                                      static_cast<double>(options.slow)) +
                                 1000)
    {
        for (std::size_t index = 0; index < options.slow; ++index)
        {
            sources.push_back(provide(index, "slow", generator.slowPort(), options.flush));
            static_cast<void>(sources.back().start(
                [this](OriginId origin, SourceEvent event)
                {
                    take(origin, event);
                }));
        }
        while (generator.counters().connected.load() < options.slow)
        {
            sleepOrThrow(signals, std::chrono::milliseconds(10));
        }
    }

    Phase measure(bool withFlood)
    {
        constexpr std::chrono::milliseconds SettleTime{500};
        std::optional<SourceHandle> flood;
        if (withFlood)
        {
            flood = provide(options.slow, "flood", generator.floodPort(), "10ms");
            static_cast<void>(flood->start(
                [this](OriginId, SourceEvent event)
                {
                    if (const auto* const data = std::get_if<SourceData>(&event))
                    {
                        floodBytes.fetch_add(data->buffer.sizeBytes(), std::memory_order_relaxed);
                    }
                }));
        }
        sleepOrThrow(signals, SettleTime);
        const auto phase = measureSettled(withFlood);
        flood.reset();
        sleepOrThrow(signals, SettleTime);
        return phase;
    }

    std::uint64_t failures() const noexcept
    {
        return sink.failures();
    }

private:
    SourceHandle provide(OriginId origin, const std::string& name, std::uint16_t port,
                         const std::string& flush)
    {
        const SourceDescriptor descriptor(
            name, "tcp",
            {{"host", "127.0.0.1"}, {"port", fmt::format("{}", port)}, {"flush_interval", flush}});
        return provider.provide(origin, descriptor);
    }

    void take(OriginId origin, const SourceEvent& event)
    {
        if (const auto* const data = std::get_if<SourceData>(&event))
        {
            sink.take(origin, data->buffer);
        }
        else if (const auto* const failure = std::get_if<SourceFailure>(&event))
        {
            sink.noteFailure(*failure);
        }
    }

    Phase measureSettled(bool withFlood)
    {
        auto& counters = generator.counters();
        const auto before = runtime.statistics().front();
        const auto messagesBefore = counters.messages.load();
        const auto lateBefore = counters.late.load();
        const auto refusedBefore = counters.refused.load();
        const auto floodBefore = floodBytes.load();
        const auto waitedBefore = waitedForCpu();
        counters.worstLateNs.store(0);
        const auto start = Clock::now();
        sink.begin();
        sleepOrThrow(signals, std::chrono::duration<double>(options.seconds));
        const std::chrono::duration<double> took = Clock::now() - start;
        const auto after = runtime.statistics().front();
        const auto perSecond = [&took](std::uint64_t number)
        {
            return static_cast<double>(number) / took.count();
        };
        Phase phase{.withFlood = withFlood};
        phase.floodBytesPerSecond = perSecond(floodBytes.load() - floodBefore);
        phase.sentPerSecond = perSecond(counters.messages.load() - messagesBefore);
        phase.late = counters.late.load() - lateBefore;
        phase.refused = counters.refused.load() - refusedBefore;
        phase.worstLate = nanoseconds(counters.worstLateNs.load());
        phase.busy = std::chrono::duration<double>(after.cpuTime - before.cpuTime) / took;
        phase.kept = std::chrono::duration<double>(waitedForCpu() - waitedBefore) / took;
        phase.grants = after.buffers.grants - before.buffers.grants;
        phase.latencies = sink.end();
        return phase;
    }

    const Options options;
    Generator& generator;
    Runtime& runtime;
    tools::InterruptSignals& signals;
    SourceProvider provider;
    LatencySink sink;
    std::atomic<std::uint64_t> floodBytes = 0;
    std::vector<SourceHandle> sources; // last: they use the rest
};

std::string megabytes(double bytesPerSecond)
{
    return formatSize(static_cast<std::uint64_t>(bytesPerSecond)) + "/s";
}

void print(std::size_t repetition, const Phase& phase)
{
    const auto& latencies = phase.latencies;
    fmt::print("{} {:<7} {:>9} {:>9} {:>9} {:>9} {:>9} {:>5.0f}% {:>5.1f}% {:>13} {:>9.0f} {:>6} "
               "{:>9} {:>6}\n",
               repetition + 1, phase.withFlood ? "with" : "without", formatDuration(latencies.p50),
               formatDuration(latencies.p99), formatDuration(latencies.p999),
               formatDuration(latencies.max), latencies.messages, phase.busy * 100,
               phase.kept * 100, megabytes(phase.floodBytesPerSecond), phase.sentPerSecond,
               phase.late, formatDuration(phase.worstLate), phase.grants);
    std::fflush(stdout);
}

template <typename Projection>
auto median(const std::vector<Phase>& phases, bool withFlood, Projection projection)
{
    std::vector<decltype(projection(phases.front()))> values;
    for (const auto& phase : phases)
    {
        if (phase.withFlood == withFlood)
        {
            values.push_back(projection(phase));
        }
    }
    return medianOf(std::move(values));
}

nlohmann::ordered_json toJson(const Options& options, const std::vector<Phase>& phases,
                              std::uint64_t failures)
{
    nlohmann::ordered_json json{{"slow_sources", options.slow},
                                {"messages_per_second_each", options.rate},
                                {"flush", options.flush},
                                {"failures", failures}};
    for (const auto& phase : phases)
    {
        json["phases"].push_back({{"with_flood", phase.withFlood},
                                  {"p50_ns", phase.latencies.p50.count()},
                                  {"p99_ns", phase.latencies.p99.count()},
                                  {"p999_ns", phase.latencies.p999.count()},
                                  {"max_ns", phase.latencies.max.count()},
                                  {"flood_bytes_per_second", phase.floodBytesPerSecond},
                                  {"sent_per_second", phase.sentPerSecond},
                                  {"refused", phase.refused},
                                  {"busy_share", phase.busy},
                                  {"kept_share", phase.kept}});
    }
    return json;
}

/// Whether the bar is met.
bool summarize(const Options& options, const std::vector<Phase>& phases)
{
    const auto line = [&phases](const char* name, nanoseconds Latencies::*which)
    {
        const auto get = [which](const Phase& phase)
        {
            return phase.latencies.*which;
        };
        const auto without = median(phases, false, get);
        const auto with = median(phases, true, get);
        const auto ratio = std::chrono::duration<double>(with) / without;
        fmt::print("{:<6} {:>9} without, {:>9} with: {:.2f}\n", name, formatDuration(without),
                   formatDuration(with), ratio);
        return ratio;
    };
    fmt::print("\nmedians over the phases, and their ratio\n");
    line("p50", &Latencies::p50);
    const auto ratioOfP99 = line("p99", &Latencies::p99);
    line("p99.9", &Latencies::p999);
    line("max", &Latencies::max);
    fmt::print("flood  {}\n", megabytes(median(phases, true,
                                               [](const Phase& phase)
                                               {
                                                   return phase.floodBytesPerSecond;
                                               })));
    const auto wanted = options.rate * static_cast<double>(options.slow);
    for (const auto& phase : phases)
    {
        constexpr double ShareLeast = 0.99;
        if (phase.sentPerSecond < wanted * ShareLeast || phase.refused > 0)
        {
            fmt::print("the generator did not keep its rate: {:.0f} of {:.0f} messages/s, {} not "
                       "taken by the socket\n",
                       phase.sentPerSecond, wanted, phase.refused);
        }
    }
    const auto kept = [](const Phase& phase)
    {
        return phase.kept;
    };
    constexpr double KeptMost = 0.01;
    if (std::max(median(phases, false, kept), median(phases, true, kept)) > KeptMost)
    {
        fmt::print("other programs used the reactor's CPU: {:.1f} % of the time without, {:.1f} % "
                   "with the flood\n",
                   median(phases, false, kept) * 100, median(phases, true, kept) * 100);
    }
    const bool met = ratioOfP99 <= options.bar;
    fmt::print("p99 with the flood is {:.2f} times that without: {} {}\n", ratioOfP99,
               met ? "within" : "MORE THAN", options.bar);
    return met;
}

int runBenchmark(const Options& options)
{
    if (!parseDuration(options.flush))
    {
        throw CLI::ValidationError("--flush",
                                   fmt::format("'{}' is no duration such as 10ms", options.flush));
    }
    ResultFile file(options.json);
    tools::raiseDescriptorLimit();
    tools::InterruptSignals signals;
    const auto usable = findUsableCpus().cpus;
    if (usable.size() < 2)
    {
        fmt::print("only one CPU can be used: generator and reactor share it\n");
    }
    Generator generator(
        {.slowSources = options.slow, .messagesPerSecond = options.rate, .cpu = usable.back()});
    Runtime runtime(
        {.reactors = 1, .cpus = {usable.front()}, .buffersPerReactor = options.buffers});
    Mixture mixture(options, generator, runtime, signals);

    fmt::print("{} slow sources, {} messages/s each, {} bytes, flush interval {}; reactor on CPU "
               "{}, generator on CPU {}\n\n",
               options.slow, options.rate, Message::SizeBytes, options.flush, usable.front(),
               usable.back());
    fmt::print("  flood         p50       p99     p99.9       max  messages   busy   kept         "
               "flood    "
               "sent/s  >1 ms late, worst   waits\n");
    std::vector<Phase> phases;
    for (std::size_t repetition = 0; repetition < options.repetitions; ++repetition)
    {
        for (const bool second : {false, true})
        {
            // The order changes, so that a drift of the machine is nobody's advantage.
            const bool withFlood = second != (repetition % 2 == 1);
            phases.push_back(mixture.measure(withFlood));
            print(repetition, phases.back());
        }
    }
    const bool met = summarize(options, phases);
    if (mixture.failures() > 0)
    {
        fmt::print("{} failures: sources that ended, or messages out of order\n",
                   mixture.failures());
    }
    file.write(toJson(options, phases, mixture.failures()));
    return met && mixture.failures() == 0 ? 0 : 1;
}

} // namespace

int main(int argumentCount, char** arguments)
{
    Options options;
    CLI::App application(Description, "weft-bench-mixed");
    application.add_option("--slow", options.slow, "Slow sources")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    application.add_option("--rate", options.rate, "Messages per second of each slow source")
        ->check(CLI::Range(0.01, 100000.0))
        ->capture_default_str();
    application.add_option("--repetitions", options.repetitions, "Phases of each kind")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    application.add_option("--seconds", options.seconds, "Measured in each phase")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    application.add_option("--flush", options.flush, "flush_interval of the slow sources")
        ->capture_default_str();
    application.add_option("--buffers", options.buffers, "I/O buffers, of 4 KiB")
        ->capture_default_str();
    application.add_option("--bar", options.bar, "How much larger p99 may be with the flood")
        ->capture_default_str();
    application.add_option("--json", options.json, "Write the figures of all phases to this file");
    application.footer(Footer);
    return runProgram(application, argumentCount, arguments,
                      [&options]
                      {
                          return runBenchmark(options);
                      });
}
