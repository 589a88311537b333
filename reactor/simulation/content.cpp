#include <weft/reactor/simulation/content.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace weft::simulation
{

namespace
{

constexpr std::size_t WordBytes = sizeof(std::uint64_t);

/// The finaliser of SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014): neighbouring words have nothing in common.
std::uint64_t wordOf(ContentId content, std::uint64_t index) noexcept
{
    auto word = content * 0x9e3779b97f4a7c15 + index;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
}

} // namespace

void writeContent(ContentId content, std::uint64_t offsetBytes, std::span<std::byte> bytes) noexcept
{
    while (!bytes.empty())
    {
        const auto word = wordOf(content, offsetBytes / WordBytes);
        const auto within = offsetBytes % WordBytes;
        const auto count = std::min(WordBytes - within, bytes.size());
        std::memcpy(bytes.data(), reinterpret_cast<const std::byte*>(&word) + within, count);
        bytes = bytes.subspan(count);
        offsetBytes += count;
    }
}

std::optional<std::size_t> firstDifference(ContentId content, std::uint64_t offsetBytes,
                                           std::span<const std::byte> bytes) noexcept
{
    std::array<std::byte, 256> expected;
    for (std::size_t done = 0; done < bytes.size();)
    {
        const auto count = std::min(expected.size(), bytes.size() - done);
        const auto part = std::span(expected).first(count);
        writeContent(content, offsetBytes + done, part);
        const auto [wrong, found] = std::ranges::mismatch(part, bytes.subspan(done, count));
        if (wrong != part.end())
        {
            return done + static_cast<std::size_t>(wrong - part.begin());
        }
        done += count;
    }
    return std::nullopt;
}

} // namespace weft::simulation
