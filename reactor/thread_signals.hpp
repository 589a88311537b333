#pragma once

#include <csignal>

namespace weft
{

/// While it lives, threads that the caller starts are born with all signals blocked but those of
/// their own faults, so that signals sent to the process (Ctrl-C) reach the host's threads and the
/// system calls of ours are not interrupted.
class SignalsBlocked
{
public:
    SignalsBlocked() noexcept
    {
        sigset_t blocked;
        ::sigfillset(&blocked);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
        {
            ::sigdelset(&blocked, fault);
        }
        ::pthread_sigmask(SIG_SETMASK, &blocked, &previous);
    }

    ~SignalsBlocked()
    {
        ::pthread_sigmask(SIG_SETMASK, &previous, nullptr);
    }

    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t previous;
};

} // namespace weft
