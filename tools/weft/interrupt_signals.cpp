#include "interrupt_signals.hpp"

#include <cerrno>
#include <ctime>
#include <system_error>

#include <sys/signalfd.h>
#include <unistd.h>

namespace weft::tools
{

namespace
{

/// As nohup(1) leaves it to those who are to outlive their terminal.
bool isIgnored(int signal) noexcept
{
    struct sigaction action
    {
    };

    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

} // namespace

InterruptSignals::InterruptSignals()
{
    sigset_t taken;
    ::sigemptyset(&taken);
    ::sigaddset(&taken, SIGINT);
    ::sigaddset(&taken, SIGTERM);
    if (!isIgnored(SIGHUP))
    {
        ::sigaddset(&taken, SIGHUP);
    }
    signals.reset(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals)
    {
        throw std::system_error(errno, std::generic_category(), "signalfd");
    }
    ::sigaddset(&taken, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &taken, &previous);
}

InterruptSignals::~InterruptSignals()
{
    // A broken pipe that was noted meanwhile must not end the process now.
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    const timespec now{};
    while (::sigtimedwait(&pipe, nullptr, &now) > 0)
    {
    }
    ::pthread_sigmask(SIG_SETMASK, &previous, nullptr);
}

bool InterruptSignals::take() noexcept
{
    signalfd_siginfo signal{};
    return ::read(signals.get(), &signal, sizeof(signal)) == sizeof(signal);
}

void InterruptSignals::throwIfTaken()
{
    if (take())
    {
        throw Interrupted();
    }
}

} // namespace weft::tools
