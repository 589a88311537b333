#pragma once

#include <latency_histogram.hpp>

namespace weft::bench
{

/// How late the machine wakes a thread that does nothing but sleep on that CPU, the timer's slack
/// apart: a receiver that sleeps between messages is hardly more punctual. Sleeps for a millisecond
/// a hundred times. Throws std::system_error.
void sampleSleeps(int cpu, tools::LatencyHistogram& lateness);

} // namespace weft::bench
