#include "descriptor_limit.hpp"

#include <weft/memory/assert.hpp>

#include "usage_error.hpp"

#include <fmt/format.h>

#include <sys/resource.h>

namespace weft::tools
{

namespace
{

rlimit readLimit()
{
    rlimit limit{};
    const int result = ::getrlimit(RLIMIT_NOFILE, &limit);
    WEFT_ASSERT(result == 0);
    return limit;
}

} // namespace

DescriptorLimit readDescriptorLimit()
{
    const auto limit = readLimit();
    return {.soft = limit.rlim_cur, .hard = limit.rlim_max};
}

DescriptorLimit raiseDescriptorLimit()
{
    auto limit = readLimit();
    limit.rlim_cur = limit.rlim_max;
    // Where it is refused the lower limit stays, and requireDescriptors() judges that one.
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return readDescriptorLimit();
}

void requireDescriptors(std::uint64_t needed)
{
    const auto limit = raiseDescriptorLimit();
    if (limit.soft < needed)
    {
        throw UsageError(fmt::format(
            "the configuration needs {} file descriptors and this process may have {} (hard limit "
            "{}); raise the limit, which 'ulimit -Hn' shows, or use fewer sources",
            needed, limit.soft, limit.hard));
    }
}

} // namespace weft::tools
