#include "placement.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>

namespace
{

constexpr const char* Help =
    R"(weft-bench-micro: the cost of one thing at a time, beside what does the same without weft.

A name is WHAT/WHO or WHAT/WHO/NUMBER. WHO is 'weft' on a reactor, 'stock' for Boost.Fiber under its
own scheduler, linked as weft links it (the archive, where there is one), 'stock-shared' for the same
from its shared library, as Debian's packages link it by default, 'context' for Boost.Context without
any scheduler, 'thread' for plain threads, 'heap' for malloc and free. All that have the same WHAT and
NUMBER do the same work; where one CPU is enough they have the same one, pinned.

  switch               one fiber hands the CPU to the next one, among NUMBER fibers
  spawn-join           a fiber, or a thread, that does nothing is started and joined; warm. context:
                       it is made on a stack that is there, entered and left
  timer-arm-cancel     a timer is armed and cancelled while NUMBER others are armed; stock: the
                       ordered set in which Boost.Fiber keeps fibers that sleep; thread: a timerfd
  timer-expiry         a timer expires and is armed again while NUMBER are armed; stock: as above
  buffer               a buffer of 4 KiB is acquired and released
  buffer-beside        the same, released by a thread on another CPU
  wake                 a thread wakes a parked fiber, or thread, on another CPU and is answered: a
                       round trip
  reactor-to-reactor   two fibers, or threads, on two CPUs wake each other in turn: a round trip
  channel              one value through a bounded channel of 63 on one CPU, from fiber to fiber or
                       from thread to thread
  no-op                the smallest operation, a poll of a descriptor that is ready, through the
                       engines io_uring ('weft-uring') and epoll ('weft-epoll'); thread: poll(2)

Time is wall time of one iteration; where items_per_second is given, an item is what the list above
says. CPU is that of the thread which takes the time, not of others.

Options of Google Benchmark:
)";

/// Exit code when --benchmark_filter leaves nothing.
constexpr int NothingMatches = 2;

} // namespace

int main(int argumentCount, char** arguments)
{
    const std::span given(arguments, static_cast<std::size_t>(argumentCount));
    if (std::ranges::find(given, std::string_view("--help")) != given.end())
    {
        fmt::print("{}\n", Help);
        std::fflush(stdout);
    }
    weft::bench::firstCpu(); // finds the affinity mask as it was given to us
    benchmark::Initialize(&argumentCount, arguments);
    if (benchmark::ReportUnrecognizedArguments(argumentCount, arguments))
    {
        return 2;
    }
    const auto count = benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return count > 0 ? 0 : NothingMatches;
}
