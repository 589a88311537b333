#include "sleep_probe.hpp"

#include <algorithm>
#include <future>

#include <load/process_setup.hpp>
#include <sys/prctl.h>

namespace weft::bench
{

void SleepProbe::sample()
{
    constexpr int Sleeps = 100;
    constexpr std::int64_t SleepNs = 1'000'000;
    // On a thread of its own: the calling one stays where it is.
    std::async(std::launch::async,
               [this]
               {
                   pinTo(cpuNumber);
                   ::prctl(PR_SET_TIMERSLACK, 1UL); // ns
                   for (int count = 0; count < Sleeps; ++count)
                   {
                       const auto until = nowNs() + SleepNs;
                       sleepUntilNs(until);
                       latenessNs.push_back(nowNs() - until);
                   }
               })
        .get();
    std::ranges::sort(latenessNs);
}

std::int64_t SleepProbe::p99Ns() const
{
    return latenessNs[(latenessNs.size() * 99 + 99) / 100 - 1];
}

std::int64_t SleepProbe::worstNs() const
{
    return latenessNs.back();
}

} // namespace weft::bench
