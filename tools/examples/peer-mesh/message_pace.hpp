#pragma once

#include <weft/timers/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace weft::mesh
{

/// When how many messages are due. Those that nobody was there to send, because the process was
/// held for a while, are left out: a burst of them would only fill the outboxes.
class MessagePace
{
public:
    /// Zero messages a second: never any.
    MessagePace(std::int64_t messagesPerSecond, Clock::time_point now) noexcept
        : interval(messagesPerSecond == 0
                       ? std::chrono::nanoseconds::max()
                       : std::chrono::nanoseconds(std::chrono::seconds(1)) / messagesPerSecond),
          nextDue(messagesPerSecond == 0 ? NoDeadline : now)
    {
    }

    /// When takeDue() has something to give again: for a high rate, several at once.
    Deadline nextWakeUp() const noexcept
    {
        return nextDue;
    }

    /// The messages that have become due since the last call.
    std::uint64_t takeDue(Clock::time_point now) noexcept
    {
        if (now < nextDue)
        {
            return 0;
        }
        nextDue = std::max(nextDue, now - LateMax);
        const auto due = (now - nextDue) / interval + 1;
        nextDue += due * interval;
        return static_cast<std::uint64_t>(due);
    }

private:
    static constexpr std::chrono::milliseconds LateMax{100};

    const std::chrono::nanoseconds interval;
    Clock::time_point nextDue;
};

} // namespace weft::mesh
