#include "process_setup.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <system.hpp>
#include <unistd.h>

namespace weft::bench
{

namespace
{

std::int64_t readClockNs(clockid_t clock) noexcept
{
    timespec time{};
    ::clock_gettime(clock, &time);
    return time.tv_sec * NsPerSecond + time.tv_nsec;
}

void setNicenessOfSession(int niceness)
{
    const int file = ::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (file < 0)
    {
        return; // the kernel does not group by session
    }
    const auto text = std::to_string(niceness);
    const bool written = ::write(file, text.data(), text.size()) > 0;
    const int error = errno;
    ::close(file);
    if (!written)
    {
        throw std::system_error(error, std::generic_category(), "set niceness of the session");
    }
}

} // namespace

std::int64_t nowNs() noexcept
{
    return readClockNs(CLOCK_MONOTONIC);
}

void sleepUntilNs(std::int64_t whenNs) noexcept
{
    const timespec time{.tv_sec = whenNs / NsPerSecond, .tv_nsec = whenNs % NsPerSecond};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR)
    {
    }
}

std::int64_t processCpuNs() noexcept
{
    return readClockNs(CLOCK_PROCESS_CPUTIME_ID);
}

void pinTo(int cpu)
{
    pinTo({&cpu, 1});
}

void pinTo(std::span<const int> cpus)
{
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (const int cpu : cpus)
    {
        CPU_SET(static_cast<std::size_t>(cpu), &mask);
    }
    if (::sched_setaffinity(0, sizeof(mask), &mask) != 0)
    {
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("pin to CPU {}", fmt::join(cpus, ", ")));
    }
}

void leadSession(int niceness)
{
    ::setsid();
    if (niceness != 0)
    {
        setNicenessOfSession(niceness);
    }
}

void setUpProcess(pid_t parent, int niceness, bool ownSession)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
    {
        ::_exit(EXIT_FAILURE); // it has ended before it could be heard of
    }
    if (ownSession)
    {
        leadSession(niceness);
    }
    if (niceness != 0 && ::setpriority(PRIO_PROCESS, 0, niceness) != 0)
    {
        throw std::system_error(errno, std::generic_category(),
                                "set niceness " + std::to_string(niceness));
    }
}

} // namespace weft::bench
