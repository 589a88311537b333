#include "interrupt_signals.hpp"

#include <cerrno>
#include <ctime>
#include <system_error>

#include <sys/signalfd.h>
#include <unistd.h>

namespace weft::tools
{

InterruptSignals::InterruptSignals()
{
    sigset_t taken;
    ::sigemptyset(&taken);
    ::sigaddset(&taken, SIGINT);
    ::sigaddset(&taken, SIGTERM);
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

} // namespace weft::tools
