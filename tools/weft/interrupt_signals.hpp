#pragma once

#include <weft/reactor/owned_descriptor.hpp>

#include <csignal>

namespace weft::tools
{

/// While it lives, SIGINT and SIGTERM do not end the process but can be read here, one by one. Make
/// it before any thread: threads inherit that these signals are blocked. SIGPIPE is blocked with
/// them, so that a reader of our output that goes away ends nothing.
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

private:
    sigset_t previous{};
    OwnedDescriptor signals;
};

} // namespace weft::tools
