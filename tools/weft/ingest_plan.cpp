#include "ingest_plan.hpp"

#include <weft/sources/source_registry.hpp>

#include <algorithm>
#include <limits>
#include <string_view>

namespace weft::tools
{

namespace
{

constexpr std::uint64_t DescriptorsPerReactor = 4; // ring, wake-up, and those of the start
constexpr std::uint64_t DescriptorsOfTheRest = 64; // standard streams, name resolution, libraries

std::size_t sourcesPerReactor(std::size_t sourceCount, std::size_t reactorCount) noexcept
{
    return (sourceCount + reactorCount - 1) / reactorCount;
}

std::uint32_t saturate(std::size_t count) noexcept
{
    constexpr std::size_t Most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::min(count, Most));
}

/// Of all sources together.
std::uint64_t countFileDescriptors(const std::vector<SourceDescriptor>& sources)
{
    std::uint64_t count = 0;
    for (const auto& source : sources)
    {
        count += SourceRegistry::instance().find(source.type())->fileDescriptors(source);
    }
    return count;
}

} // namespace

std::optional<std::filesystem::path> inputFile(const SourceDescriptor& source)
{
    constexpr std::string_view PathParameter = "path";
    return source.has(PathParameter) ? std::optional(source.text(PathParameter)) : std::nullopt;
}

std::uint64_t connectionsMost(const SourceDescriptor& source)
{
    constexpr std::string_view MostParameter = "connections_max";
    return source.has(MostParameter) ? static_cast<std::uint64_t>(source.integer(MostParameter))
                                     : 0;
}

std::filesystem::path sinkFile(const SinkPlan& sink, const SourceDescriptor& source)
{
    return sink.directory / source.name();
}

std::size_t countThreadSources(const std::vector<SourceDescriptor>& sources)
{
    return static_cast<std::size_t>(std::ranges::count_if(sources,
                                                          [](const SourceDescriptor& source)
                                                          {
                                                              return source.text("execution") ==
                                                                     "thread";
                                                          }));
}

std::size_t countConnections(const std::vector<SourceDescriptor>& sources, bool onThreads)
{
    std::size_t count = 0;
    for (const auto& source : sources)
    {
        count += (source.text("execution") == "thread") == onThreads ? connectionsMost(source) : 0;
    }
    return count;
}

std::uint32_t recommendBuffersPerReactor(std::size_t sourceCount, std::size_t reactorCount) noexcept
{
    constexpr std::size_t Least = 1024;
    constexpr std::size_t Shared = 256;
    return saturate(std::max(Least, 2 * sourcesPerReactor(sourceCount, reactorCount) + Shared));
}

std::uint32_t recommendSmallStacks(std::size_t sourceCount, std::size_t reactorCount) noexcept
{
    const std::size_t least = RuntimeOptions().stacksPerReactor.front();
    constexpr std::size_t Spare = 1024;
    return saturate(std::max(least, sourcesPerReactor(sourceCount, reactorCount) + Spare));
}

std::uint64_t descriptorsNeeded(const IngestPlan& plan)
{
    const auto threadConnections = countConnections(plan.sources, true);
    const auto connections = countConnections(plan.sources, false) + threadConnections;
    const auto sinkFiles =
        plan.sink.kind == SinkKind::Files ? plan.sources.size() + connections : 0;
    // By which a thread's waits are interrupted.
    const std::uint64_t threadEvents = countThreadSources(plan.sources) + threadConnections;
    return countFileDescriptors(plan.sources) + connections + threadEvents + sinkFiles +
           plan.runtime.reactors * DescriptorsPerReactor + plan.workers + DescriptorsOfTheRest;
}

} // namespace weft::tools
