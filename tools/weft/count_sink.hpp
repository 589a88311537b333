#pragma once

#include "sink.hpp"
#include "stream_checksum.hpp"

#include <vector>

namespace weft::tools
{

/// Takes the checksum of each source's bytes; the worker counts them.
class CountSink final : public Sink
{
public:
    explicit CountSink(std::size_t sourceCount) : checksums(sourceCount)
    {
    }

    void accept(std::size_t source, std::span<const std::byte> bytes) override
    {
        checksums[source].update(bytes);
    }

    void finish(std::size_t /*source*/) override
    {
    }

    std::optional<std::uint64_t> checksum(std::size_t source) const override
    {
        return checksums[source].value();
    }

private:
    std::vector<StreamChecksum> checksums;
};

} // namespace weft::tools
