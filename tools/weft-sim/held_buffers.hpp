#pragma once

#include <weft/memory/io_buffer.hpp>

#include "stream_check.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

namespace weft::sim
{

/// The buffers that consumers have. While one is here nobody may write to it or be given it again;
/// both are looked at.
class HeldBuffers
{
public:
    using Id = std::uint64_t;

    explicit HeldBuffers(simulation::Simulation& ownSimulation) noexcept : simulation(ownSimulation)
    {
    }

    /// `count` is one higher for as long as the buffer is here.
    Id keep(IoBuffer buffer, Place place, std::shared_ptr<std::uint64_t> count)
    {
        const auto* const memory = buffer.bytes().data();
        if (const auto [other, isNew] = byMemory.try_emplace(memory, nextId); !isNew)
        {
            simulation.fail("a buffer that a consumer holds has been handed to another one");
        }
        ++*count;
        held.emplace(nextId, Held{std::move(buffer), place, std::move(count)});
        return nextId++;
    }

    /// Gives the buffer back; nothing when that has happened already.
    void release(Id id)
    {
        const auto found = held.find(id);
        if (found == held.end())
        {
            return;
        }
        // Out of the books first: another source may have it as soon as it is released.
        auto released = std::move(found->second);
        held.erase(found);
        const auto bytes = released.buffer.bytes();
        byMemory.erase(bytes.data());
        if (simulation::firstDifference(released.place.content, released.place.offsetBytes, bytes))
        {
            simulation.fail("somebody has written to a buffer while a consumer held it");
        }
        --*released.count;
        released.buffer.reset();
    }

    /// In the order in which they came.
    void releaseAll()
    {
        for (Id id = 0; id < nextId && !held.empty(); ++id)
        {
            release(id);
        }
    }

    std::size_t size() const noexcept
    {
        return held.size();
    }

private:
    struct Held
    {
        IoBuffer buffer;
        Place place;
        std::shared_ptr<std::uint64_t> count;
    };

    simulation::Simulation& simulation;
    std::unordered_map<Id, Held> held;
    std::unordered_map<const std::byte*, Id> byMemory;
    Id nextId = 0;
};

} // namespace weft::sim
