#pragma once

#include "replay_data.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace weft::tools
{

/// What one connection is sent: the data from one of its units on, round and round. Only a view: it
/// has no bytes of its own. Positions count the bytes from the beginning of the stream.
class ReplayStream
{
public:
    static constexpr std::uint64_t Endless = std::numeric_limits<std::uint64_t>::max();

    /// All data `repeats` times, or without end. The data must outlive the stream.
    ReplayStream(const ReplayData& replayed, std::size_t firstUnit, std::uint64_t repeats) noexcept;

    /// Endless for a stream that does not end. Data without bytes makes every stream empty.
    std::uint64_t sizeBytes() const noexcept
    {
        return streamBytes;
    }

    /// The bytes from `position` on that lie together in the data: at least one and at most
    /// `bytesMax`. `position` is within the stream and `bytesMax` is not zero.
    std::span<const std::byte> at(std::uint64_t position, std::uint64_t bytesMax) const noexcept;

    /// Where the stream's first `units` units end; at most sizeBytes().
    std::uint64_t endOfUnits(std::uint64_t units) const noexcept;

private:
    const ReplayData& data;
    std::size_t first;
    std::uint64_t streamBytes;
};

} // namespace weft::tools
