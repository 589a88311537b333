#pragma once

#include <cstdint>
#include <vector>

namespace weft::bench
{

/// How late the machine wakes a thread that does nothing but sleep on a CPU: no receiver that
/// sleeps between messages can be more punctual. Taken between the runs of a case.
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
