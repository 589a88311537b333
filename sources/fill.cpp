#include <weft/memory/assert.hpp>
#include <weft/sources/fill.hpp>

namespace weft
{

void Fill::advance(std::size_t sizeBytes) noexcept
{
    const auto filledBefore = buffer.sizeBytes();
    WEFT_ASSERT(sizeBytes <= buffer.capacityBytes() - filledBefore);
    buffer.setSizeBytes(filledBefore + sizeBytes);
    if (filledBefore == 0 && sizeBytes > 0)
    {
        const auto now = Clock::now();
        buffer.metadata().creationTime = now;
        if (interval >= std::chrono::nanoseconds::zero() && interval < NoDeadline - now)
        {
            flushDue = now + interval;
        }
    }
}

bool Fill::wantsMore() const noexcept
{
    if (buffer.sizeBytes() == buffer.capacityBytes())
    {
        return false;
    }
    // The calls in between compare the deadline with the clock; only "at once" needs no clock.
    return buffer.sizeBytes() == 0 || interval != std::chrono::nanoseconds::zero();
}

} // namespace weft
