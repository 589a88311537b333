#include "replay_rate.hpp"
#include "tests/fuzz/fuzz_target.hpp"

#include <cmath>

/// `weft serve --rate`, and the pace that follows from it. The input is the text.

namespace weft::fuzz
{

namespace
{

using namespace weft::tools;

/// The pace over the whole range of times: half a nanosecond to thirty years, in doublings.
void checkPace(ReplayRate rate, std::string_view text)
{
    static const auto data = ReplayData::ofLines({std::byte{'a'}, std::byte{'\n'}, std::byte{'b'}});
    const ReplayStream stream(data, 1, ReplayStream::Endless);
    const auto start = Clock::time_point(std::chrono::hours(1));
    const ReplayPace pace(rate, stream, start);
    std::uint64_t before = 0;
    constexpr int Doublings = 60; // of a nanosecond: 36 years
    for (int doubling = 0; doubling <= Doublings; ++doubling)
    {
        const auto now = start + std::chrono::nanoseconds(std::int64_t{1} << doubling);
        const auto due = pace.positionDue(now);
        require(due >= before && due <= stream.sizeBytes(), "a stream never goes back", text);
        before = due;
        if (rate.unit != ReplayRate::Unit::Unlimited)
        {
            require(pace.nextWakeUp(now) >= now + ReplayPace::WakeUpInterval,
                    "a wake-up is at least an interval away", text);
        }
    }
}

void checkReplayRate(std::string_view text)
{
    const auto rate = ReplayRate::parse(text);
    if (!rate)
    {
        require(rate.error() == ReplayRate::Allowed, "a refusal says what is allowed",
                rate.error());
        return;
    }
    require((rate->unit == ReplayRate::Unit::Unlimited) == (text == "unlimited"),
            "only 'unlimited' is without limit", text);
    if (rate->unit != ReplayRate::Unit::Unlimited)
    {
        require(text.ends_with("/s"), "a rate is per second", text);
        require(rate->perSecond >= 1e-6 && rate->perSecond <= 1e12,
                "a rate is from one in 11 days to 1e12 per second", text);
    }
    checkPace(*rate, text);
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(replay_rate, weft::fuzz::checkReplayRate)
