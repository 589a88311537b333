#include "own_session.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>

#include <interrupt_signals.hpp>
#include <load/process_setup.hpp>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::bench
{

namespace
{

int waitFor(pid_t child)
{
    constexpr int PollTimeoutMs = 50;
    constexpr int SignalStatus = 128;
    tools::InterruptSignals signals;
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) != child)
    {
        pollfd entry{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
        ::poll(&entry, 1, PollTimeoutMs);
        if (signals.take())
        {
            ::kill(child, SIGTERM);
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : SignalStatus + WTERMSIG(status);
}

} // namespace

int runInOwnSession(int niceness, const std::function<int()>& work)
{
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0)
    {
        throw std::system_error(errno, std::generic_category(), "fork");
    }
    if (child > 0)
    {
        return waitFor(child);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    leadSession(niceness);
    return work();
}

} // namespace weft::bench
