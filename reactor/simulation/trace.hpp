#pragma once

#include <weft/timers/clock.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::simulation
{

/// Everything that happens in a simulation, in order: a digest of all of it, by which two runs are
/// compared, and the last events in words.
class Trace
{
public:
    static constexpr std::size_t KeptMax = 4096;

    /// `what` is a literal in the syntax of fmt: each `{}` is the next of the numbers, and
    /// `{errno}` the second as the name of an errno. Numbers beyond its places only count for the
    /// digest.
    void note(Clock::time_point time, const char* what, std::uint64_t first = 0,
              std::uint64_t second = 0, std::uint64_t third = 0) noexcept;

    std::uint64_t digest() const noexcept
    {
        return state;
    }

    std::uint64_t count() const noexcept
    {
        return events;
    }

    /// The last events, oldest first, a line each with its time since `start`.
    std::vector<std::string> last(std::size_t countMax, Clock::time_point start) const;

private:
    struct Event
    {
        Clock::time_point time;
        const char* what = nullptr;
        std::array<std::uint64_t, 3> numbers{};
    };

    void mix(std::uint64_t value) noexcept;

    std::array<Event, KeptMax> kept{};
    std::uint64_t events = 0;
    std::uint64_t state = 0xcbf29ce484222325; // FNV-1a's offset basis
};

} // namespace weft::simulation
