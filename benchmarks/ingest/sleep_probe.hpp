#pragma once

#include <cstdint>
#include <vector>

namespace weft::bench
{

/// How late the machine wakes a thread that does nothing but sleep on a CPU, the timer's slack
/// apart: a receiver that sleeps between messages is hardly more punctual. Taken before each round
/// of a case's receivers.
class SleepProbe
{
public:
    explicit SleepProbe(int cpu) : cpuNumber(cpu)
    {
    }

    /// Sleeps for a millisecond a hundred times. Throws std::system_error.
    void sample();

    bool empty() const noexcept
    {
        return latenessNs.empty();
    }

    /// Nanoseconds; of one that is not empty.
    std::int64_t p99Ns() const;
    std::int64_t worstNs() const;

private:
    int cpuNumber;
    std::vector<std::int64_t> latenessNs; // sorted
};

} // namespace weft::bench
