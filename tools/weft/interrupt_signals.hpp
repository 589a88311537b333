#pragma once

#include <weft/reactor/owned_descriptor.hpp>

#include <csignal>
#include <exception>

namespace weft::tools
{

/// What ends work that a signal has made useless.
class Interrupted : public std::exception
{
public:
    const char* what() const noexcept override
    {
        return "interrupted";
    }
};

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the process but can be read here, one by
/// one; SIGHUP stays ignored if it was. Make it before any thread: threads inherit that these
/// signals are blocked. SIGPIPE is blocked with them, so that a reader of our output that goes away
/// ends nothing.
class InterruptSignals
{
public:
    InterruptSignals();
    ~InterruptSignals();

    InterruptSignals(const InterruptSignals&) = delete;
    InterruptSignals& operator=(const InterruptSignals&) = delete;

    /// For poll(2): readable when a signal has come.
    int descriptor() const noexcept
    {
        return signals.get();
    }

    /// Takes one signal; false when none has come. Does not wait.
    bool take() noexcept;

    /// Takes a signal if one has come, and throws Interrupted then.
    void throwIfTaken();

private:
    sigset_t previous{};
    OwnedDescriptor signals;
};

} // namespace weft::tools
