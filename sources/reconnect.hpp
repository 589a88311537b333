#pragma once

#include <weft/timers/clock.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace weft
{

/// When and how often a source is opened again after a transient error (isTransient), whether it
/// came from open or later. The pauses double from `pauseLeast` to `pauseMost`; each is drawn
/// between zero and that ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015: full
/// jitter).
///
/// A row of failures ends with a connection that has delivered data or lasted for `pauseMost`: one
/// that is only accepted and then reset goes on with the row, or it would be retried for ever.
struct ReconnectPolicy
{
    /// Attempts in a row. Zero: the first error is final.
    std::uint64_t attemptsMax = 0;
    /// How long after the first failure of a row the last attempt may begin. Zero: no such limit.
    std::chrono::nanoseconds timeMax = std::chrono::nanoseconds::zero();
    std::chrono::nanoseconds pauseLeast = std::chrono::milliseconds(100);
    std::chrono::nanoseconds pauseMost = std::chrono::seconds(10);
};

/// Where one source stands in its policy. Not thread-safe.
class Reconnect
{
public:
    /// `seed` is for the jitter.
    Reconnect(const ReconnectPolicy& reconnectPolicy, std::uint64_t seed) noexcept;

    void opened(Clock::time_point now) noexcept;

    /// The connection that was opened last has delivered data.
    void progressed() noexcept
    {
        delivered = true;
    }

    /// How long to wait before the next attempt; nothing when the policy allows none.
    std::optional<std::chrono::nanoseconds> failed(Clock::time_point now) noexcept;

    /// Attempts to open again since the row began.
    std::uint64_t attemptsInARow() const noexcept
    {
        return attempts;
    }

    std::chrono::nanoseconds rowDuration(Clock::time_point now) const noexcept
    {
        return now - rowBegan;
    }

private:
    const ReconnectPolicy policy;
    std::minstd_rand jitter;
    bool inRow = false;
    bool delivered = false;
    std::uint64_t attempts = 0;
    Clock::time_point rowBegan{};
    std::optional<Clock::time_point> openSince;
};

} // namespace weft
