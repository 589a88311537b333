#include "baseline.hpp"

#include <weft/reactor/runtime.hpp>

#include "thread_stat.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include <malloc.h>
#include <unistd.h>

namespace weft::soak
{

namespace
{

constexpr const char* DescriptorsName = "open descriptors";
constexpr const char* ThreadsName = "threads beside the runtime's";

std::int64_t threadCount()
{
    std::int64_t count = 0;
    std::error_code error;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", error))
    {
        std::ifstream file(task.path() / "stat");
        if (std::string line; std::getline(file, line))
        {
            // The kernel's own threads for io_uring come and go.
            count += !tools::isIoWorker(line);
        }
    }
    return count;
}

std::int64_t descriptorCount()
{
    // The one that the listing itself uses is in every count.
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
}

void addRuntime(Baseline& baseline, Runtime& runtime)
{
    for (const auto& reactor : runtime.statistics())
    {
        const auto add = [&baseline, &reactor](std::string_view what, std::uint64_t number)
        {
            baseline[fmt::format("{} of reactor {}", what, reactor.index)] =
                static_cast<std::int64_t>(number);
        };
        add("I/O buffers in use", reactor.buffers.inUse);
        add("I/O buffers reserved", reactor.buffers.reserved);
        add("sources waiting for a buffer", reactor.buffers.waiting);
        add("fibers", reactor.fibers);
        add("stacks in use",
            reactor.stacks[0].inUse + reactor.stacks[1].inUse + reactor.stacks[2].inUse);
        add("timers armed", reactor.timersArmed);
        add("operations in the engine", reactor.engine.operations - reactor.engine.completions);
    }
    baseline["threads of sources"] = static_cast<std::int64_t>(runtime.blockingThreads().count());
    if (runtime.buffers().hasThreadPool())
    {
        const auto pool = runtime.buffers().threadPool().statistics();
        baseline["I/O buffers in use of threads"] = pool.inUse;
        baseline["I/O buffers reserved of threads"] = pool.reserved;
        baseline["sources waiting for a buffer on threads"] = pool.waiting;
    }
    if (runtime.buffers().hasComputePool())
    {
        baseline["compute buffers in use"] = runtime.buffers().computePool().statistics().inUse;
    }
}

} // namespace

Baseline takeBaseline(Runtime* runtime)
{
    Baseline baseline{{DescriptorsName, descriptorCount()}};
    // Offload threads start when they are needed, and stay.
    const auto ofRuntime = runtime != nullptr ? runtime->threadCount() : 0;
    baseline[ThreadsName] = threadCount() - static_cast<std::int64_t>(ofRuntime);
    if (runtime != nullptr)
    {
        addRuntime(baseline, *runtime);
    }
    return baseline;
}

void eraseProcess(Baseline& baseline)
{
    baseline.erase(DescriptorsName);
    baseline.erase(ThreadsName);
}

std::map<std::string, std::string> differences(const Baseline& expected, const Baseline& found)
{
    std::map<std::string, std::string> differing;
    for (const auto& [name, number] : expected)
    {
        const auto other = found.find(name);
        const auto foundNumber = other != found.end() ? other->second : 0;
        if (foundNumber != number)
        {
            differing[name] = fmt::format("expected: {}; found: {}", number, foundNumber);
        }
    }
    return differing;
}

std::int64_t residentBytes()
{
    ::malloc_trim(0);
    std::ifstream file("/proc/self/statm");
    std::int64_t sizePages = 0;
    std::int64_t residentPages = 0;
    file >> sizePages >> residentPages;
    return residentPages * ::sysconf(_SC_PAGESIZE);
}

} // namespace weft::soak
