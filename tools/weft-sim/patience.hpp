#pragma once

#include <weft/timers/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace weft::sim
{

/// The time that counts for who is late: as the simulated clock, but a step of the reactor adds at
/// most a second. The clock may jump far ahead in one step, and after a jump everybody is late for
/// no fault of the runtime; what is on time again a few steps later is no finding.
class Patience
{
public:
    using Moment = std::chrono::nanoseconds;

    static constexpr Moment StepMost = std::chrono::seconds(1);

    void step(Clock::time_point now) noexcept
    {
        if (lastStep != Clock::time_point{})
        {
            elapsed += std::min<Moment>(now - lastStep, StepMost);
        }
        lastStep = now;
    }

    Moment now() const noexcept
    {
        return elapsed;
    }

private:
    Moment elapsed{};
    Clock::time_point lastStep{};
};

/// For how long something has been so, as far as looks now and then can tell.
class Lateness
{
public:
    /// `progress`, a number that only grows, makes it begin anew.
    std::chrono::nanoseconds look(Patience::Moment now, bool isSo, std::uint64_t progress) noexcept
    {
        if (!isSo || progress != progressSeen)
        {
            progressSeen = progress;
            since.reset();
        }
        if (!isSo)
        {
            return {};
        }
        since = since.value_or(now);
        return now - *since;
    }

    void forget() noexcept
    {
        since.reset();
    }

private:
    std::optional<Patience::Moment> since;
    std::uint64_t progressSeen = 0;
};

} // namespace weft::sim
