#pragma once

#include <weft/sources/blocking_consumer.hpp>
#include <weft/sources/emit_when_ready.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace weft::soak
{

/// What several sources have in common downstream.
struct ConsumerGroup
{
    explicit ConsumerGroup(std::size_t number);

    BlockingConsumer blocking;
    std::shared_ptr<EmitReadiness> readiness = std::make_shared<EmitReadiness>();
};

/// Those of a whole population; made for a round and gone with it, their threads too.
class ConsumerGroups
{
public:
    explicit ConsumerGroups(std::uint32_t sources);

    ConsumerGroup& of(std::uint32_t source) const
    {
        return *groups.at(source / SourcesPerGroup);
    }

private:
    static constexpr std::uint32_t SourcesPerGroup = 20; // few of them use it at a time

    std::vector<std::unique_ptr<ConsumerGroup>> groups;
};

} // namespace weft::soak
