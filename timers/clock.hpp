#pragma once

#include <atomic>
#include <chrono>

namespace weft
{

/// The one clock of the runtime: it never jumps when the wall clock is set. Its moments are those
/// of std::chrono::steady_clock; a simulation sets them, and then nothing else moves them.
class Clock
{
public:
    using duration = std::chrono::steady_clock::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::steady_clock::time_point;

    static constexpr bool is_steady = true;

    /// Any thread.
    static time_point now() noexcept
    {
        const auto* const simulated = simulatedTime.load(std::memory_order_acquire);
        if (simulated != nullptr) [[unlikely]]
        {
            return time_point(duration(simulated->load(std::memory_order_relaxed)));
        }
        return std::chrono::steady_clock::now();
    }

    /// From here on every thread reads `time`, which outlives that; null: the machine's clock. For
    /// simulations, while no runtime exists.
    static void simulate(const std::atomic<rep>* time) noexcept
    {
        simulatedTime.store(time, std::memory_order_release);
    }

private:
    static inline std::atomic<const std::atomic<rep>*> simulatedTime = nullptr;
};

/// A moment by which something must have happened.
using Deadline = Clock::time_point;

/// Stands for "wait as long as it takes".
inline constexpr Deadline NoDeadline = Deadline::max();

} // namespace weft
