#include "resource_usage.hpp"

#include <weft/memory/assert.hpp>

#include <sys/resource.h>

namespace weft::tools
{

namespace
{

std::chrono::nanoseconds toDuration(const timeval& time) noexcept
{
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

} // namespace

ResourceUsage currentUsage() noexcept
{
    rusage usage{};
    const int result = ::getrusage(RUSAGE_SELF, &usage);
    WEFT_ASSERT(result == 0);
    return {
        .cpuUser = toDuration(usage.ru_utime),
        .cpuSystem = toDuration(usage.ru_stime),
        .memoryPeakBytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024,
    };
}

ResourceUsage operator-(const ResourceUsage& later, const ResourceUsage& earlier) noexcept
{
    return {
        .cpuUser = later.cpuUser - earlier.cpuUser,
        .cpuSystem = later.cpuSystem - earlier.cpuSystem,
        .memoryPeakBytes = later.memoryPeakBytes,
    };
}

} // namespace weft::tools
