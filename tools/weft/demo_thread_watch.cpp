#include "demo_thread_watch.hpp"

#include <weft/reactor/io.hpp>
#include <weft/reactor/offload.hpp>
#include <weft/reactor/runtime.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace weft::tools
{

namespace
{

/// Whether the kernel made the thread for io_uring: PF_IO_WORKER of its flags, which it has before
/// it has its name. proc(5) tells the fields of the line; the name in parentheses may have spaces.
bool isIoWorker(std::string_view statLine)
{
    constexpr std::uint64_t IoWorkerFlag = 0x10;
    std::istringstream fields(std::string(statLine.substr(statLine.rfind(')') + 1)));
    std::string skipped;
    std::uint64_t flags = 0;
    fields >> skipped >> skipped >> skipped >> skipped >> skipped >> skipped >> flags;
    return (flags & IoWorkerFlag) != 0;
}

/// Zeros where /proc cannot be read.
KernelThreadCounts countThreads()
{
    KernelThreadCounts counts;
    std::error_code error;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", error))
    {
        std::ifstream file(task.path() / "stat");
        // A thread that has ended meanwhile has no such line.
        if (std::string line; std::getline(file, line))
        {
            ++(isIoWorker(line) ? counts.ioWorkers : counts.own);
        }
    }
    return counts;
}

} // namespace

DemoThreadWatch::DemoThreadWatch()
    : fiber(spawn({.name = "thread-watch"},
                  [this]
                  {
                      watch();
                  }))
{
}

KernelThreadCounts DemoThreadWatch::finish()
{
    fiber.requestStop();
    fiber.join();
    return most;
}

void DemoThreadWatch::watch()
{
    constexpr std::chrono::milliseconds Interval{250};
    do
    {
        // Files of /proc are read without waiting for a device, but not without taking time.
        if (const auto counted = offload(countThreads))
        {
            most.own = std::max(most.own, counted->own);
            most.ioWorkers = std::max(most.ioWorkers, counted->ioWorkers);
        }
    } while (io::sleepFor(Interval));
}

} // namespace weft::tools
