// What silent sources cost: process memory for each, CPU while nothing happens, and the time to
// stop them all. The peers live in a child process, so that their sockets are not in the figures.
//
// Usage: weft-bench-idle [SOURCES], 5000 unless given.

#include <weft/reactor/runtime.hpp>
#include <weft/reactor/tcp.hpp>
#include <weft/sources/quantity.hpp>
#include <weft/sources/source_provider.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <descriptor_limit.hpp>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace
{

/// Accepts for ever and says nothing.
[[noreturn]] void serveSilence(int listener)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
    {
        ::accept(listener, nullptr, nullptr);
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

/// Resident pages of the buffer pools: buffers are apart from what a source costs.
std::uint64_t bufferBytes(weft::Runtime& runtime)
{
    constexpr std::size_t PageBytes = 4096;
    std::uint64_t bytes = 0;
    for (std::size_t index = 0; index < runtime.buffers().ioPoolCount(); ++index)
    {
        const auto memory = runtime.buffers().ioPool(index).memory();
        std::vector<unsigned char> pages((memory.size() + PageBytes - 1) / PageBytes);
        ::mincore(const_cast<std::byte*>(memory.data()), memory.size(), pages.data());
        bytes +=
            PageBytes * static_cast<std::uint64_t>(std::ranges::count_if(pages,
                                                                         [](unsigned char page)
                                                                         {
                                                                             return (page & 1) != 0;
                                                                         }));
    }
    return bytes;
}

} // namespace

int main(int argumentCount, char** arguments)
{
    const auto sourceCount =
        argumentCount > 1 ? std::strtoul(arguments[1], nullptr, 10) : std::size_t{5000};
    if (sourceCount == 0)
    {
        fmt::print(stderr, "usage: weft-bench-idle [SOURCES]\n");
        return 2;
    }
    weft::tools::raiseDescriptorLimit();
    const auto listener =
        weft::TcpListener::listen(*weft::SocketAddress::parse("127.0.0.1", 0)).value();
    const auto server = ::fork();
    if (server == 0)
    {
        serveSilence(listener.descriptor());
    }

    weft::Runtime runtime({.buffersPerReactor = static_cast<std::uint32_t>(sourceCount)});
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
            return 1;
        }
    }
    const auto running = [](const weft::SourceHandle& source)
    {
        return source.statistics().state == weft::SourceState::Running;
    };
    while (!std::ranges::all_of(sources, running))
    {
        std::this_thread::sleep_for(10ms);
    }
    std::this_thread::sleep_for(200ms);

    const auto memory = privateBytes() - memoryBefore - bufferBytes(runtime);
    const auto cpuBefore = cpuTime();
    std::this_thread::sleep_for(5s);
    const auto cpu = cpuTime() - cpuBefore;

    const auto stopBegan = weft::Clock::now();
    for (auto& source : sources)
    {
        source.stop();
    }
    bool allStopped = true;
    for (auto& source : sources)
    {
        allStopped &= source.tryStop(10s) == weft::TryStopResult::Success;
    }
    const auto stopTook = weft::Clock::now() - stopBegan;

    fmt::print("idle TCP sources            {}\n", sourceCount);
    fmt::print("memory for each             {}\n", weft::formatSize(memory / sourceCount));
    fmt::print("CPU in 5 s of silence       {}\n", weft::formatDuration(cpu));
    fmt::print("all stopped and closed in   {}\n", weft::formatDuration(stopTook));
    ::kill(server, SIGKILL);
    ::waitpid(server, nullptr, 0);
    return allStopped ? 0 : 1;
}
