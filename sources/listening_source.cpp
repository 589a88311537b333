#include <weft/sources/listening_source.hpp>

namespace weft
{

std::vector<ParameterDefinition> ConnectionLimits::parameters()
{
    constexpr std::int64_t ConnectionsMost = 1'000'000;
    return {
        {.name = "connections_max",
         .type = ParameterType::Integer,
         .unit = "connections",
         .defaultValue = "1000",
         .help = "at most so many at once; others wait in the kernel's queue",
         .least = 1,
         .most = ConnectionsMost},
        {.name = "connections_total",
         .type = ParameterType::Integer,
         .unit = "connections",
         .defaultValue = "0",
         .help = "end after so many; 0: go on"},
        {.name = "backlog",
         .type = ParameterType::Integer,
         .unit = "connections",
         .defaultValue = "4096",
         .help = "length of the kernel's queue; net.core.somaxconn limits it",
         .least = 1,
         .most = ConnectionsMost},
    };
}

ConnectionLimits ConnectionLimits::from(const SourceDescriptor& descriptor)
{
    return {.connectionsMax = static_cast<std::uint64_t>(descriptor.integer("connections_max")),
            .connectionsTotal = static_cast<std::uint64_t>(descriptor.integer("connections_total")),
            .backlog = static_cast<int>(descriptor.integer("backlog"))};
}

} // namespace weft
