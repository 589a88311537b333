#pragma once

#include <weft/memory/assert.hpp>

#include <algorithm>
#include <chrono>

namespace weft
{

/// A flush interval as a source counts it: its bytes are on their way when the interval has passed
/// since they came, where timers are late by no more than an eighth of it.
class FlushTimes
{
public:
    /// The part of an interval that may be set aside for either delay.
    static constexpr int Share = 8;

    /// How late a source is told of things.
    struct Delays
    {
        std::chrono::nanoseconds completions{}; // after bytes have ended its wait
        std::chrono::nanoseconds timers{};      // after a deadline has passed
    };

    /// Negative: none.
    explicit FlushTimes(std::chrono::nanoseconds flushInterval) noexcept
        : sinceArrival(flushInterval),
          sinceSeen(flushInterval)
    {
    }

    /// Completions are late by no more than the same part of an interval that is positive.
    FlushTimes(std::chrono::nanoseconds flushInterval, const Delays& delays) noexcept
        : FlushTimes(flushInterval)
    {
        if (flushInterval > std::chrono::nanoseconds::zero())
        {
            WEFT_ASSERT(delays.completions <= flushInterval / Share);
            sinceArrival -= std::min(delays.timers, flushInterval / Share);
            sinceSeen = sinceArrival - delays.completions;
        }
    }

    /// From the moment at which bytes can have come first.
    std::chrono::nanoseconds afterArrival() const noexcept
    {
        return sinceArrival;
    }

    /// From the moment at which a source is told of bytes that it has waited for.
    std::chrono::nanoseconds afterWait() const noexcept
    {
        return sinceSeen;
    }

private:
    std::chrono::nanoseconds sinceArrival;
    std::chrono::nanoseconds sinceSeen;
};

} // namespace weft
