#include "demo_thread_watch.hpp"

#include <weft/reactor/io.hpp>
#include <weft/reactor/offload.hpp>
#include <weft/reactor/runtime.hpp>

#include "thread_stat.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace weft::tools
{

namespace
{

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
