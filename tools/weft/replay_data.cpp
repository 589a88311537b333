#include "replay_data.hpp"

#include <weft/memory/assert.hpp>
#include <weft/reactor/file.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace weft::tools
{

namespace
{

template <typename T>
T valueOrThrow(io::Result<T> result, const char* whatItDid)
{
    if (!result)
    {
        throw std::system_error(result.error(), whatItDid);
    }
    return std::move(*result);
}

std::vector<std::byte> readToTheEnd(int descriptor)
{
    constexpr std::size_t ReadBytes = std::size_t{1} << 20;
    std::vector<std::byte> bytes;
    for (std::size_t filled = 0;;)
    {
        bytes.resize(filled + ReadBytes);
        const auto rest = std::span(bytes).subspan(filled);
        const auto count = valueOrThrow(io::read(descriptor, rest), "cannot be read");
        filled += count;
        if (count == 0)
        {
            bytes.resize(filled);
            return bytes;
        }
    }
}

} // namespace

ReplayData::ReplayData(std::vector<std::byte> bytes, std::vector<std::size_t> begins) noexcept
    : content(std::move(bytes)),
      unitBegins(std::move(begins))
{
    WEFT_ASSERT(unitBegins.front() == 0);
    WEFT_ASSERT(unitBegins.back() == content.size());
}

ReplayData ReplayData::ofLines(std::vector<std::byte> bytes)
{
    std::vector<std::size_t> begins;
    for (auto line = bytes.begin(); line != bytes.end();)
    {
        begins.push_back(static_cast<std::size_t>(line - bytes.begin()));
        const auto feed = std::find(line, bytes.end(), std::byte{'\n'});
        line = feed == bytes.end() ? feed : feed + 1;
    }
    begins.push_back(bytes.size());
    return {std::move(bytes), std::move(begins)};
}

ReplayData ReplayData::ofChunks(std::vector<std::byte> bytes, std::size_t chunkBytes)
{
    WEFT_ASSERT(chunkBytes > 0);
    std::vector<std::size_t> begins;
    // Counted by what is left: the begin of a chunk after the last one need not be a number.
    for (std::size_t left = bytes.size(); left > 0; left -= std::min(left, chunkBytes))
    {
        begins.push_back(bytes.size() - left);
    }
    begins.push_back(bytes.size());
    return {std::move(bytes), std::move(begins)};
}

std::size_t ReplayData::unitBegin(std::size_t unit) const noexcept
{
    WEFT_ASSERT(unit <= unitCount());
    return unitBegins[unit];
}

std::vector<std::byte> readReplayFile(const std::filesystem::path& path)
{
    if (path == "-")
    {
        return readToTheEnd(STDIN_FILENO);
    }
    const auto file = valueOrThrow(File::open(path, O_RDONLY), "cannot be opened");
    if (S_ISDIR(valueOrThrow(file.status(), "cannot be looked at").stx_mode))
    {
        throw std::system_error(EISDIR, std::system_category(), "cannot be read");
    }
    return readToTheEnd(file.descriptor());
}

} // namespace weft::tools
