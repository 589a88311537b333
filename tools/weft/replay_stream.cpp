#include "replay_stream.hpp"

#include <weft/memory/assert.hpp>

#include <algorithm>

namespace weft::tools
{

namespace
{

/// The product, or Endless where it would not fit.
std::uint64_t multiply(std::uint64_t factor, std::uint64_t other) noexcept
{
    const bool fits = other == 0 || factor <= ReplayStream::Endless / other;
    return fits ? factor * other : ReplayStream::Endless;
}

} // namespace

ReplayStream::ReplayStream(const ReplayData& replayed, std::size_t firstUnit,
                           std::uint64_t repeats) noexcept
    : data(replayed),
      first(firstUnit),
      streamBytes(multiply(repeats, replayed.bytes().size()))
{
    WEFT_ASSERT(first < data.unitCount() || data.unitCount() == 0);
}

std::span<const std::byte> ReplayStream::at(std::uint64_t position,
                                            std::uint64_t bytesMax) const noexcept
{
    WEFT_ASSERT(position < streamBytes && bytesMax > 0);
    const auto all = data.bytes();
    const auto inRound = static_cast<std::size_t>(position % all.size());
    const auto offset = (data.unitBegin(first) + inRound) % all.size();
    const auto together = std::min<std::uint64_t>(all.size() - offset, streamBytes - position);
    return all.subspan(offset, static_cast<std::size_t>(std::min(together, bytesMax)));
}

std::uint64_t ReplayStream::endOfUnits(std::uint64_t units) const noexcept
{
    if (streamBytes == 0)
    {
        return 0;
    }
    const auto count = data.unitCount();
    const auto size = data.bytes().size();
    const auto rounds = multiply(units / count, size);
    const auto last = first + static_cast<std::size_t>(units % count);
    const auto end = last < count ? data.unitBegin(last) : size + data.unitBegin(last - count);
    const auto inRound = end - data.unitBegin(first);
    return inRound < streamBytes - std::min(rounds, streamBytes) ? rounds + inRound : streamBytes;
}

} // namespace weft::tools
