#pragma once

#include "sink.hpp"
#include "stream_checksum.hpp"

#include <map>
#include <optional>
#include <vector>

namespace weft::tools
{

/// Takes the checksum of each source's bytes; the worker counts them. Of a source that listens, the
/// sum of its connections' checksums, which is the same in whatever order they come.
class CountSink final : public Sink
{
public:
    explicit CountSink(std::size_t sourceCount) : sources(sourceCount)
    {
    }

    void accept(std::size_t source, std::uint64_t connection,
                std::span<const std::byte> bytes) override
    {
        auto& sums = sources[source];
        (connection == 0 ? sums.own : sums.open[connection]).update(bytes);
    }

    void finishConnection(std::size_t source, std::uint64_t connection) override
    {
        auto& sums = sources[source];
        if (const auto node = sums.open.extract(connection))
        {
            sums.ended = sums.ended.value_or(0) + node.mapped().value();
        }
    }

    void finish(std::size_t source) override
    {
        while (!sources[source].open.empty())
        {
            finishConnection(source, sources[source].open.begin()->first);
        }
    }

    std::optional<std::uint64_t> checksum(std::size_t source) const override
    {
        const auto& sums = sources[source];
        return sums.ended ? *sums.ended : sums.own.value();
    }

private:
    struct Sums
    {
        StreamChecksum own;
        std::map<std::uint64_t, StreamChecksum> open; // connections
        std::optional<std::uint64_t> ended;           // sum of those that have
    };

    std::vector<Sums> sources;
};

} // namespace weft::tools
