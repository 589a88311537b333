#pragma once

#include <weft/sources/source_event.hpp>

#include "tests/sources/pattern_peer.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

namespace weft::test
{

/// Takes the buffers of one source, checks them against the pattern, and holds the newest of them:
/// all at first, or as many as it is told. Outlives its source.
class HoldingConsumer
{
public:
    static constexpr std::size_t Everything = std::numeric_limits<std::size_t>::max();

    explicit HoldingConsumer(std::size_t holdsAtMost = Everything) : heldMax(holdsAtMost)
    {
        held.reserve(1024);
    }

    EmitFunction emit()
    {
        return [this](OriginId, SourceEvent event)
        {
            take(std::move(event));
        };
    }

    /// Gives back the oldest beyond these now, and from then on as they come.
    void holdAtMost(std::size_t count)
    {
        const std::lock_guard lock(mutex);
        heldMax = count;
        giveBackBeyond(heldMax);
    }

    void giveBackOldest(std::size_t count = 1)
    {
        const std::lock_guard lock(mutex);
        giveBackBeyond(held.size() - std::min(count, held.size()));
    }

    void waitForHeld(std::size_t count)
    {
        waitUntil(
            [&]
            {
                return held.size() >= count;
            });
    }

    /// Of all that have come.
    void waitForBuffers(std::uint64_t count)
    {
        waitUntil(
            [&]
            {
                return buffers >= count;
            });
    }

    void waitForBytes(std::uint64_t count)
    {
        waitUntil(
            [&]
            {
                return bytes >= count;
            });
    }

    void waitForEnd()
    {
        waitUntil(
            [&]
            {
                return ended;
            });
    }

    std::size_t heldCount() const
    {
        const std::lock_guard lock(mutex);
        return held.size();
    }

    std::uint64_t receivedBuffers() const
    {
        const std::lock_guard lock(mutex);
        return buffers;
    }

    std::uint64_t receivedBytes() const
    {
        const std::lock_guard lock(mutex);
        return bytes;
    }

    /// Whether all that has come was the pattern, in order, and no failure has.
    bool isIntact() const
    {
        const std::lock_guard lock(mutex);
        return intact;
    }

private:
    template <typename Condition>
    void waitUntil(Condition condition)
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, condition);
    }

    void take(SourceEvent event)
    {
        const std::lock_guard lock(mutex);
        if (auto* const data = std::get_if<SourceData>(&event))
        {
            check(data->buffer);
            held.push_back(std::move(data->buffer));
            giveBackBeyond(heldMax);
        }
        else
        {
            ended = true;
            intact = intact && std::holds_alternative<EndOfStream>(event);
        }
        changed.notify_all();
    }

    void check(const IoBuffer& buffer)
    {
        intact = intact && buffer.metadata().sequenceNumber == buffers;
        ++buffers;
        for (const auto byte : buffer.bytes())
        {
            intact = intact && byte == patternAt(bytes);
            ++bytes;
        }
    }

    void giveBackBeyond(std::size_t count)
    {
        if (held.size() > count)
        {
            held.erase(held.begin(), held.end() - static_cast<std::ptrdiff_t>(count));
        }
    }

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::size_t heldMax;
    std::vector<IoBuffer> held; // the oldest first
    std::uint64_t buffers = 0;
    std::uint64_t bytes = 0;
    bool ended = false;
    bool intact = true;
};

} // namespace weft::test
