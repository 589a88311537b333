#include <weft/memory/assert.hpp>
#include <weft/sources/fill.hpp>

namespace weft
{

namespace
{

/// A longer one stands for none.
constexpr std::chrono::nanoseconds LongestInterval = std::chrono::hours(24) * 36500;

} // namespace

void Fill::advance(std::size_t sizeBytes) noexcept
{
    const auto filledBefore = buffer.sizeBytes();
    WEFT_ASSERT(sizeBytes <= buffer.capacityBytes() - filledBefore);
    buffer.setSizeBytes(filledBefore + sizeBytes);
    if (filledBefore == 0 && sizeBytes > 0)
    {
        const auto now = Clock::now();
        buffer.metadata().creationTime = now;
        const bool timed =
            interval >= std::chrono::nanoseconds::zero() && interval < LongestInterval;
        flushDue = timed ? now + interval : demand.dueOnDemandOnly();
        demand.filling(flushDue);
    }
}

bool Fill::wantsMore() const noexcept
{
    if (buffer.sizeBytes() == buffer.capacityBytes())
    {
        return false;
    }
    // The calls in between compare the deadline with the clock; only "at once" needs no clock.
    return buffer.sizeBytes() == 0 ||
           (interval != std::chrono::nanoseconds::zero() && !demand.isUttered());
}

Deadline Fill::deadline() const noexcept
{
    // The clock's epoch is a moment that has passed.
    return buffer.sizeBytes() > 0 && demand.isUttered() ? Deadline{} : flushDue;
}

} // namespace weft
