#pragma once

#include <weft/reactor/owned_descriptor.hpp>
#include <weft/timers/clock.hpp>

#include "interrupt_signals.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace weft::tools
{

/// `weft serve` as a child process: this same program, with other arguments. It has a process group
/// of its own, so that Ctrl-C on the terminal reaches only the parent, and it does not survive the
/// parent, however that ends.
class DemoServer
{
public:
    /// Returns when the child listens. `arguments` follow the word `serve`. Throws
    /// std::system_error when the machine refuses, std::runtime_error when the child ends or stays
    /// silent instead, Interrupted when `interrupts` become readable first. From the main thread
    /// and before any other one: the child lives as long as the thread.
    DemoServer(const std::vector<std::string>& arguments, InterruptSignals& interrupts,
               const char* program = "/proc/self/exe");

    /// As kill().
    ~DemoServer();

    DemoServer(const DemoServer&) = delete;
    DemoServer& operator=(const DemoServer&) = delete;

    pid_t processId() const noexcept
    {
        return process;
    }

    std::uint16_t port() const noexcept
    {
        return listeningPort;
    }

    /// Asks the child to end. Returns at once.
    void requestStop() noexcept;

    /// Kills the child if it still runs, also one that is frozen, and waits for its end.
    void kill() noexcept;

    /// Waits for the end of the child. Empty when it ended with exit code 0, else how it ended, or
    /// that it still runs after `timeout`. Throws Interrupted when a signal comes first.
    std::string waitForEnd(std::chrono::milliseconds timeout);

private:
    void start(const std::vector<std::string>& arguments, const char* program);
    std::string readFirstLine();
    bool becomesReadable(int descriptor, Clock::time_point deadline);

    static constexpr pid_t NoProcess = -1;

    InterruptSignals& signals;
    pid_t process = NoProcess; // NoProcess: ended, and its exit status is taken
    std::string howItEnded;
    OwnedDescriptor processDescriptor; // readable when the child has ended
    OwnedDescriptor output;            // its standard output
    std::uint16_t listeningPort = 0;
};

} // namespace weft::tools
