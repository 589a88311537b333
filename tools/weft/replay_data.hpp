#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace weft::tools
{

/// What is replayed: bytes, cut into units, which are lines or chunks of one size. It does not
/// change once made, so all connections read the same copy, on any reactor.
class ReplayData
{
public:
    /// A line ends after its line feed; the last one may lack it.
    static ReplayData ofLines(std::vector<std::byte> bytes);

    /// The last chunk may be shorter. `chunkBytes` is not zero.
    static ReplayData ofChunks(std::vector<std::byte> bytes, std::size_t chunkBytes);

    std::span<const std::byte> bytes() const noexcept
    {
        return content;
    }

    std::size_t unitCount() const noexcept
    {
        return unitBegins.size() - 1;
    }

    /// Where a unit begins; that of unitCount() is the end of the data.
    std::size_t unitBegin(std::size_t unit) const noexcept;

private:
    ReplayData(std::vector<std::byte> bytes, std::vector<std::size_t> begins) noexcept;

    std::vector<std::byte> content;
    std::vector<std::size_t> unitBegins;
};

/// All bytes of a file, or of standard input if the path is "-". Throws std::system_error.
/// Suspends; on a plain thread, blocks it.
std::vector<std::byte> readReplayFile(const std::filesystem::path& path);

} // namespace weft::tools
