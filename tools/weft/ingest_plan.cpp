#include "ingest_plan.hpp"

#include <algorithm>
#include <limits>

namespace weft::tools
{

namespace
{

constexpr std::uint64_t DescriptorsPerReactor = 4; // ring, wake-up, and those of the start
constexpr std::uint64_t DescriptorsOfTheRest = 64; // standard streams, name resolution, libraries

} // namespace

std::uint32_t recommendBuffersPerReactor(std::size_t sourceCount, std::size_t reactorCount) noexcept
{
    constexpr std::size_t Least = 1024;
    constexpr std::size_t Shared = 256;
    const auto sourcesPerReactor = (sourceCount + reactorCount - 1) / reactorCount;
    const auto wanted = std::max(Least, 2 * sourcesPerReactor + Shared);
    return static_cast<std::uint32_t>(
        std::min<std::size_t>(wanted, std::numeric_limits<std::uint32_t>::max()));
}

std::uint64_t descriptorsNeeded(const IngestPlan& plan) noexcept
{
    const std::uint64_t sources = plan.sources.size();
    const auto sinkFiles = plan.sink.kind == SinkKind::Files ? sources : 0;
    return sources + sinkFiles + plan.runtime.reactors * DescriptorsPerReactor + plan.workers +
           DescriptorsOfTheRest;
}

} // namespace weft::tools
