#pragma once

#include <weft/fibers/fiber.hpp>

#include <cstddef>

namespace weft::tools
{

/// Threads of a process as the kernel lists them.
struct KernelThreadCounts
{
    std::size_t own = 0;
    /// Those that the kernel adds for io_uring's calls which it cannot do without blocking.
    std::size_t ioWorkers = 0;
};

/// Counts this process's threads four times a second, on a fiber of the running runtime.
class DemoThreadWatch
{
public:
    DemoThreadWatch();

    DemoThreadWatch(const DemoThreadWatch&) = delete;
    DemoThreadWatch& operator=(const DemoThreadWatch&) = delete;

    /// The most that there were at once, of each kind. Ends the watch; the runtime still runs.
    /// Suspends; on a plain thread, blocks it.
    KernelThreadCounts finish();

private:
    void watch();

    KernelThreadCounts most;
    Fiber fiber; // last: it uses the rest
};

} // namespace weft::tools
