#include "demo_files.hpp"

#include <weft/memory/assert.hpp>

#include "replay_stream.hpp"
#include "stream_checksum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <ios>
#include <span>
#include <string>
#include <system_error>

namespace weft::tools
{

namespace
{

void writeFile(const std::filesystem::path& path, const ReplayStream& stream, std::uint64_t size,
               const Checkpoint& checkpoint)
{
    constexpr std::size_t WriteBytes = std::size_t{1} << 20;
    std::ofstream file(path, std::ios::binary);
    for (std::uint64_t written = 0; written < size && file;)
    {
        const auto piece = stream.at(written, std::min<std::uint64_t>(size - written, WriteBytes));
        file.write(reinterpret_cast<const char*>(piece.data()),
                   static_cast<std::streamsize>(piece.size()));
        written += piece.size();
        checkpoint();
    }
    file.close();
    if (!file)
    {
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("cannot write '{}'", path.string()));
    }
}

} // namespace

std::vector<std::filesystem::path> writeDemoFiles(const ReplayData& data,
                                                  const std::filesystem::path& directory,
                                                  std::size_t count, std::uint64_t copies,
                                                  const Checkpoint& checkpoint)
{
    constexpr std::size_t LinesBetweenBegins = 97;
    constexpr std::size_t LinesBetweenLengths = 131;
    const auto lines = data.unitCount();
    WEFT_ASSERT(lines > 0 && copies > 0);
    std::vector<std::filesystem::path> paths;
    for (std::size_t index = 0; index < count; ++index)
    {
        const ReplayStream stream(data, index * LinesBetweenBegins % lines, copies);
        const auto size = stream.endOfUnits(lines * copies - index * LinesBetweenLengths % lines);
        paths.push_back(directory / fmt::format("file-{}.csv", index));
        writeFile(paths.back(), stream, size, checkpoint);
    }
    return paths;
}

StreamAccount accountOfFile(const std::filesystem::path& path, const Checkpoint& checkpoint)
{
    StreamAccount account{.stream = path.string(), .trouble = {}};
    StreamChecksum checksum;
    std::vector<char> bytes(std::size_t{1} << 20);
    std::ifstream file(path, std::ios::binary);
    do
    {
        file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        const auto count = static_cast<std::size_t>(file.gcount());
        checksum.update(std::as_bytes(std::span(bytes).first(count)));
        account.bytes += count;
        checkpoint();
    } while (file);
    if (!file.eof())
    {
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("cannot read '{}'", path.string()));
    }
    account.checksum = checksum.value();
    return account;
}

} // namespace weft::tools
