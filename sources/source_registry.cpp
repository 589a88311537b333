#include <weft/sources/source_registry.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace weft
{

const ParameterDefinition* SourceType::find(std::string_view parameter) const noexcept
{
    const auto found = std::ranges::find(parameters, parameter, &ParameterDefinition::name);
    return found != parameters.end() ? &*found : nullptr;
}

SourceRegistry& SourceRegistry::instance()
{
    static SourceRegistry registry;
    return registry;
}

void SourceRegistry::add(SourceType type)
{
    auto name = type.name;
    if (!types.try_emplace(name, std::move(type)).second)
    {
        throw std::logic_error(fmt::format("source type '{}' is registered twice", name));
    }
}

const SourceType* SourceRegistry::find(std::string_view name) const noexcept
{
    const auto found = types.find(name);
    return found != types.end() ? &found->second : nullptr;
}

std::vector<std::string> SourceRegistry::names() const
{
    std::vector<std::string> names;
    for (const auto& [name, type] : types)
    {
        names.push_back(name);
    }
    return names;
}

std::vector<ParameterDefinition> commonParameters()
{
    return {
        {.name = "flush_interval",
         .type = ParameterType::Duration,
         .defaultValue = "10ms",
         .help = "deliver a partly filled buffer this long after its first byte at the latest; 0: "
                 "at once"},
        {.name = "execution",
         .defaultValue = "fiber",
         .help = "fiber: on a reactor, with thousands of others; thread: on a thread of its own",
         .choices = {"fiber", "thread"}},
        {.name = "buffers_in_flight_max",
         .type = ParameterType::Integer,
         .unit = "buffers",
         .defaultValue = "0",
         .help = "at most so many buffers out at once; 0: as demand for the shared ones allows",
         .most = 1'000'000'000},
    };
}

std::vector<ParameterDefinition> reconnectParameters()
{
    return {
        {.name = "reconnect_attempts",
         .type = ParameterType::Integer,
         .unit = "attempts",
         .defaultValue = "0",
         .help = "open again after so many transient errors in a row; 0: the first is final",
         .most = 1'000'000'000},
        {.name = "reconnect_time",
         .type = ParameterType::Duration,
         .defaultValue = "0s",
         .help = "begin no attempt later than this after the first error of a row; 0: no limit"},
        {.name = "reconnect_pause_min",
         .type = ParameterType::Duration,
         .defaultValue = "100ms",
         .help = "the pause before the first attempt is at most this; it doubles each time",
         .least = 1'000'000},
        {.name = "reconnect_pause_max",
         .type = ParameterType::Duration,
         .defaultValue = "10s",
         .help = "no pause is longer than this",
         .least = 1'000'000},
    };
}

bool detail::addSourceType(SourceType type)
{
    std::ranges::move(commonParameters(), std::back_inserter(type.parameters));
    SourceRegistry::instance().add(std::move(type));
    return true;
}

} // namespace weft
