#pragma once

#include <cstdint>
#include <optional>

namespace weft::mesh
{

/// Follows the numbers of one peer's messages across its connections. What was dropped or lost with
/// a connection leaves a gap; a number that comes twice or too late is a fault of the mesh. A peer
/// that has started again counts anew, and so does our count: at the first message that comes.
class SequenceCheck
{
public:
    /// A connection begins.
    void begin(std::uint64_t peerIncarnation) noexcept
    {
        if (incarnation != peerIncarnation)
        {
            incarnation = peerIncarnation;
            expected.reset();
        }
    }

    void take(std::uint64_t number) noexcept
    {
        if (expected && number < *expected)
        {
            ++repeatedCount;
            return;
        }
        missedCount += expected ? number - *expected : 0;
        expected = number + 1;
    }

    /// Messages that never came, as later ones show.
    std::uint64_t missed() const noexcept
    {
        return missedCount;
    }

    /// Messages that came again, or after later ones.
    std::uint64_t repeated() const noexcept
    {
        return repeatedCount;
    }

private:
    std::optional<std::uint64_t> incarnation;
    std::optional<std::uint64_t> expected;
    std::uint64_t missedCount = 0;
    std::uint64_t repeatedCount = 0;
};

} // namespace weft::mesh
