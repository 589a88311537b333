#pragma once

#include <weft/reactor/runtime_options.hpp>

#include <functional>
#include <thread>

/// \file
/// Where the code of a benchmark runs: on a reactor, under Boost.Fiber's own scheduler or on a
/// plain thread, each pinned, so that all that are compared have the same CPU.

namespace weft::bench
{

/// The CPUs of the affinity mask: the first, and the last for what runs beside it. The same one
/// where there is only one.
int firstCpu();
int secondCpu();

/// Pins the calling thread.
void pinTo(int cpu);

/// Runs `body` on a fiber of a runtime with one reactor, on the first CPU.
void onReactor(const std::function<void()>& body, EngineKind engine = EngineKind::Auto);

/// Runs `body` on a new thread on the first CPU, which no reactor has touched: what uses
/// Boost.Fiber there has the stock scheduler.
void onThread(const std::function<void()>& body);

/// Runs `body` on a thread on the second CPU, to whose end the destructor waits.
class ThreadBeside
{
public:
    explicit ThreadBeside(std::function<void()> body);

private:
    std::jthread thread;
};

} // namespace weft::bench
