// What silent sources cost: process memory for each, CPU while nothing happens, and the time to
// stop them all. The peers live in a child process, so that their sockets are not in the figures.

#include <weft/memory/memory_mapping.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/tcp.hpp>
#include <weft/sources/quantity.hpp>
#include <weft/sources/source_provider.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <descriptor_limit.hpp>
#include <interrupt_signals.hpp>
#include <program.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace
{

constexpr std::size_t MessageBytes = 128;

/// Accepts for ever and says, to each who comes, that many messages and no more.
[[noreturn]] void serveSilence(int listener, std::uint32_t messages)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
    {
        const int peer = ::accept(listener, nullptr, nullptr);
        constexpr std::array<char, MessageBytes> Message{};
        for (std::uint32_t count = 0; count < messages; ++count)
        {
            static_cast<void>(::send(peer, Message.data(), Message.size(), MSG_NOSIGNAL));
        }
    }
}

/// Private memory that is resident, and the part of it that is anonymous, from smaps_rollup.
std::uint64_t privateBytes()
{
    std::ifstream file("/proc/self/smaps_rollup");
    std::uint64_t bytes = 0;
    for (std::string line; std::getline(file, line);)
    {
        if (line.starts_with("Private_Clean:") || line.starts_with("Private_Dirty:"))
        {
            bytes += std::strtoull(line.c_str() + line.find(':') + 1, nullptr, 10) * 1024;
        }
    }
    return bytes;
}

std::chrono::nanoseconds cpuTime()
{
    rusage usage = {};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto toDuration = [](const timeval& time)
    {
        return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
    };
    return toDuration(usage.ru_utime) + toDuration(usage.ru_stime);
}

/// Of the buffer pools: buffers are apart from what a source costs.
std::uint64_t bufferBytes(weft::Runtime& runtime)
{
    std::uint64_t bytes = 0;
    for (std::size_t index = 0; index < runtime.buffers().ioPoolCount(); ++index)
    {
        bytes += weft::residentBytes(runtime.buffers().ioPool(index).memory());
    }
    return bytes;
}

struct Options
{
    std::size_t sources = 5000;
    std::uint32_t messages = 0;
    std::string json;
};

struct Figures
{
    std::uint64_t memoryBytesForEach = 0; // its buffer apart
    std::uint64_t wholeBytesForEach = 0;  // its buffer included
    std::uint64_t wholeBytesWhenIdle = 0;
    std::chrono::nanoseconds cpuToRelease{}; // idle memory, once
    std::chrono::nanoseconds cpuInSilence{};
    std::chrono::nanoseconds stopTook{};
    bool allStopped = true;
};

constexpr std::chrono::seconds Silence = 5s;
/// Not before memory has been looked at.
constexpr std::chrono::seconds IdleMemoryAfter = 2s;
constexpr std::chrono::seconds UntilAllReleased = 3 * IdleMemoryAfter + 1s;

void print(const Options& options, const Figures& figures)
{
    fmt::print("idle TCP sources            {}\n", options.sources);
    fmt::print("memory for each             {}\n", weft::formatSize(figures.memoryBytesForEach));
    fmt::print("  with its buffer           {}\n", weft::formatSize(figures.wholeBytesForEach));
    fmt::print("  ... when it is idle       {}\n", weft::formatSize(figures.wholeBytesWhenIdle));
    fmt::print("CPU to give that back       {}\n", weft::formatDuration(figures.cpuToRelease));
    fmt::print("CPU in 5 s of silence       {}\n", weft::formatDuration(figures.cpuInSilence));
    fmt::print("all stopped and closed in   {}\n", weft::formatDuration(figures.stopTook));
}

nlohmann::ordered_json toJson(const Options& options, const Figures& figures)
{
    return {{"sources", options.sources},
            {"memory_bytes_per_source", figures.memoryBytesForEach},
            {"messages_before", options.messages},
            {"memory_bytes_with_buffer", figures.wholeBytesForEach},
            {"memory_bytes_with_buffer_when_idle", figures.wholeBytesWhenIdle},
            {"cpu_to_release_ns", figures.cpuToRelease.count()},
            {"silence_ns", std::chrono::nanoseconds(Silence).count()},
            {"cpu_in_silence_ns", figures.cpuInSilence.count()},
            {"stop_ns", figures.stopTook.count()},
            {"all_stopped", figures.allStopped}};
}

Figures measure(const Options& options, weft::tools::InterruptSignals& signals)
{
    const auto sourceCount = options.sources;
    weft::tools::raiseDescriptorLimit();
    const auto listener =
        weft::TcpListener::listen(*weft::SocketAddress::parse("127.0.0.1", 0)).value();
    const auto server = ::fork();
    if (server == 0)
    {
        serveSilence(listener.descriptor(), options.messages);
    }

    weft::Runtime runtime({.buffersPerReactor = static_cast<std::uint32_t>(sourceCount),
                           .idleMemoryAfter = IdleMemoryAfter});
    const weft::SourceProvider provider(runtime);
    const weft::SourceDescriptor descriptor(
        "silent", "tcp",
        {{"host", "127.0.0.1"}, {"port", std::to_string(listener.localAddress().port())}});
    const auto memoryBefore = privateBytes();

    std::vector<weft::SourceHandle> sources;
    sources.reserve(sourceCount);
    for (std::size_t index = 0; index < sourceCount; ++index)
    {
        sources.push_back(provider.provide(index, descriptor));
        if (!sources.back().start([](weft::OriginId, const weft::SourceEvent&) {}))
        {
            throw std::runtime_error("a source was not started");
        }
    }
    const auto isSilent = [&options](const weft::SourceHandle& source)
    {
        const auto statistics = source.statistics();
        return statistics.state == weft::SourceState::Running &&
               statistics.bytes == std::uint64_t{options.messages} * MessageBytes;
    };
    while (!std::ranges::all_of(sources, isSilent))
    {
        weft::bench::sleepOrThrow(signals, 10ms);
    }
    weft::bench::sleepOrThrow(signals, 200ms);

    Figures figures;
    const auto memory = privateBytes() - memoryBefore;
    figures.memoryBytesForEach = (memory - bufferBytes(runtime)) / sourceCount;
    figures.wholeBytesForEach = memory / sourceCount;
    auto cpuBefore = cpuTime();
    weft::bench::sleepOrThrow(signals, UntilAllReleased);
    figures.cpuToRelease = cpuTime() - cpuBefore;
    figures.wholeBytesWhenIdle = (privateBytes() - memoryBefore) / sourceCount;
    cpuBefore = cpuTime();
    weft::bench::sleepOrThrow(signals, Silence);
    figures.cpuInSilence = cpuTime() - cpuBefore;

    const auto stopBegan = weft::Clock::now();
    for (auto& source : sources)
    {
        source.stop();
    }
    for (auto& source : sources)
    {
        figures.allStopped &= source.tryStop(10s) == weft::TryStopResult::Success;
    }
    figures.stopTook = weft::Clock::now() - stopBegan;
    ::kill(server, SIGKILL);
    ::waitpid(server, nullptr, 0);
    return figures;
}

} // namespace

int main(int argumentCount, char** arguments)
{
    Options options;
    CLI::App application("What silent sources cost: process memory for each, its buffer apart, CPU "
                         "while nothing happens, and the time to stop them all.",
                         "weft-bench-idle");
    application.add_option("SOURCES", options.sources, "TCP sources")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    application.add_option("--messages", options.messages, "What each is sent before it is silent")
        ->check(CLI::Range(0, 1000))
        ->capture_default_str();
    application.add_option("--json", options.json, "Write all figures to this file");
    return weft::bench::runProgram(application, argumentCount, arguments,
                                   [&options]
                                   {
                                       weft::bench::ResultFile file(options.json);
                                       weft::tools::InterruptSignals signals;
                                       const auto figures = measure(options, signals);
                                       print(options, figures);
                                       file.write(toJson(options, figures));
                                       return figures.allStopped ? 0 : 1;
                                   });
}
