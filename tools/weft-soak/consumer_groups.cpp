#include "consumer_groups.hpp"

#include <fmt/format.h>

namespace weft::soak
{

ConsumerGroup::ConsumerGroup(std::size_t number)
    : blocking({.name = fmt::format("group-{}", number), .threadsMax = 1 + number % 2})
{
}

ConsumerGroups::ConsumerGroups(std::uint32_t sources)
{
    for (std::uint32_t source = 0; source < sources; source += SourcesPerGroup)
    {
        groups.push_back(std::make_unique<ConsumerGroup>(groups.size()));
    }
}

} // namespace weft::soak
