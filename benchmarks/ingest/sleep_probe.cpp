#include "sleep_probe.hpp"

#include <chrono>
#include <cstdint>
#include <future>

#include <load/process_setup.hpp>
#include <sys/prctl.h>

namespace weft::bench
{

void sampleSleeps(int cpu, tools::LatencyHistogram& lateness)
{
    constexpr int Sleeps = 100;
    constexpr std::int64_t SleepNs = 1'000'000;
    // On a thread of its own: the calling one stays where it is.
    std::async(std::launch::async,
               [cpu, &lateness]
               {
                   pinTo(cpu);
                   ::prctl(PR_SET_TIMERSLACK, 1UL); // ns
                   for (int count = 0; count < Sleeps; ++count)
                   {
                       const auto until = nowNs() + SleepNs;
                       sleepUntilNs(until);
                       lateness.add(std::chrono::nanoseconds(nowNs() - until));
                   }
               })
        .get();
}

} // namespace weft::bench
