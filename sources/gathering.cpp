#include <weft/sources/gathering.hpp>

#include <algorithm>

namespace weft
{

namespace
{

/// How much the latest rate counts beside those before it.
constexpr double LatestWeight = 0.25;

} // namespace

std::optional<Deadline> Gathering::pauseUntil(std::size_t sizeBytes, std::size_t capacityBytes,
                                              Deadline due) noexcept
{
    paused = false;
    if (!mayGather() || silent || moreQueued || (sizeBytes == 0 && !isSteady()))
    {
        return std::nullopt;
    }
    const auto now = Clock::now();
    const auto latest = sizeBytes == 0 ? emptySince + times.afterArrival() : due;
    const auto wanted = std::min(capacityBytes - sizeBytes, QueueBytes);
    const auto until = std::min(latest, now + timeFor(wanted));
    if (until - now < PauseLeast)
    {
        return std::nullopt;
    }
    paused = true;
    gathered = true;
    return until;
}

void Gathering::took(std::size_t sizeBytes, bool leftSpace, Clock::time_point now) noexcept
{
    if (!mayGather())
    {
        return;
    }
    const auto elapsed = std::chrono::duration<double, std::nano>(now - lastTake).count();
    const auto rate = static_cast<double>(sizeBytes) / std::max(elapsed, 1.0);
    bytesPerNanosecond += LatestWeight * (rate - bytesPerNanosecond);
    judgeWait(now);
    lastTake = now;
    findsInARow += paused ? 1 : 0;
    paused = false;
    silent = false;
    moreQueued = gathered && !leftSpace;
    if (!moreQueued)
    {
        // What came while nobody paused is taken as it comes.
        foundNoMore(now);
    }
}

void Gathering::waitsForFirst() noexcept
{
    waitedForMore = false;
    if (mayGather() && !waitsSince)
    {
        waitsSince = Clock::now();
    }
}

/// Of what has been taken with neither kind of wait nothing is known: it belongs to what came
/// before it.
void Gathering::judgeWait(Clock::time_point now) noexcept
{
    if (paused || waitedForMore)
    {
        longWaitsInARow = 0;
    }
    else if (waitsSince)
    {
        longWaitsInARow = now - *waitsSince >= times.afterWait() ? longWaitsInARow + 1 : 0;
    }
    waitedForMore = false;
    waitsSince.reset();
}

void Gathering::foundNothing() noexcept
{
    silent = true;
    findsInARow = 0;
    paused = false;
    foundNoMore(Clock::now());
}

void Gathering::foundNoMore(Clock::time_point now) noexcept
{
    emptySince = now;
    gathered = false;
    moreQueued = false;
}

/// Until as much has probably arrived.
std::chrono::nanoseconds Gathering::timeFor(std::size_t sizeBytes) const noexcept
{
    const auto longest = std::min<std::chrono::nanoseconds>(times.afterArrival(), PauseMost);
    if (bytesPerNanosecond <= 0)
    {
        return longest;
    }
    const auto time = static_cast<double>(sizeBytes) / bytesPerNanosecond;
    return time < static_cast<double>(longest.count())
               ? std::chrono::nanoseconds(static_cast<std::int64_t>(time))
               : longest;
}

} // namespace weft
