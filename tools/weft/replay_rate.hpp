#pragma once

#include <weft/sources/quantity.hpp>
#include <weft/timers/clock.hpp>

#include "replay_stream.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace weft::tools
{

/// How fast each connection is sent its stream.
struct ReplayRate
{
    enum class Unit : std::uint8_t
    {
        Unlimited,
        Units, // lines or chunks
        Bytes,
    };

    static constexpr std::string_view Allowed =
        "unlimited, lines or chunks per second as 1000/s, bytes per second as 10MiB/s";

    /// The failure is Allowed.
    static Parsed<ReplayRate> parse(std::string_view text);

    Unit unit = Unit::Unlimited;
    double perSecond = 0;
};

/// Tells how far a stream may be at a moment. It counts from the start and never from the last
/// send, so that late wake-ups do not add up: what is overdue goes out together.
class ReplayPace
{
public:
    /// Wake-ups are at least this far apart; faster rates send several units at each.
    static constexpr std::chrono::milliseconds WakeUpInterval{1};

    ReplayPace(ReplayRate streamRate, const ReplayStream& pacedStream,
               Clock::time_point streamStart) noexcept
        : rate(streamRate),
          stream(pacedStream),
          start(streamStart)
    {
    }

    /// The position up to which the stream may have been sent.
    std::uint64_t positionDue(Clock::time_point now) const noexcept;

    /// When to look again, after everything that is due has been sent.
    Clock::time_point nextWakeUp(Clock::time_point now) const noexcept;

private:
    /// Units or bytes: the first is due at once, each other one `1 / rate` after the one before.
    std::uint64_t countDue(Clock::time_point now) const noexcept;

    ReplayRate rate;
    const ReplayStream& stream;
    Clock::time_point start;
};

} // namespace weft::tools
