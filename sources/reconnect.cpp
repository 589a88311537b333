#include <weft/sources/reconnect.hpp>

#include <algorithm>

namespace weft
{

Reconnect::Reconnect(const ReconnectPolicy& reconnectPolicy, std::uint64_t seed) noexcept
    : policy(reconnectPolicy),
      // Knuth's multiplicative hashing, so that neighbours draw different pauses.
      jitter(static_cast<std::uint32_t>(seed * 2654435761U + 1U))
{
}

void Reconnect::opened(Clock::time_point now) noexcept
{
    openSince = now;
    delivered = false;
}

std::optional<std::chrono::nanoseconds> Reconnect::failed(Clock::time_point now) noexcept
{
    const bool lasted = openSince && now - *openSince >= policy.pauseMost;
    if (!inRow || delivered || lasted)
    {
        inRow = true;
        attempts = 0;
        rowBegan = now;
    }
    openSince.reset();
    delivered = false;
    if (attempts >= policy.attemptsMax)
    {
        return std::nullopt;
    }
    const bool timed = policy.timeMax > std::chrono::nanoseconds::zero();
    const auto timeLeft = policy.timeMax - (now - rowBegan);
    if (timed && timeLeft <= std::chrono::nanoseconds::zero())
    {
        return std::nullopt;
    }
    constexpr std::uint64_t DoublingsMax = 32;
    const auto factor = std::int64_t{1} << std::min(attempts, DoublingsMax);
    const auto ceiling = policy.pauseLeast >= policy.pauseMost / factor
                             ? policy.pauseMost
                             : policy.pauseLeast * factor;
    ++attempts;
    std::uniform_int_distribution<std::int64_t> draw(0, ceiling.count());
    const std::chrono::nanoseconds pause(draw(jitter));
    return timed ? std::min(pause, timeLeft) : pause;
}

} // namespace weft
