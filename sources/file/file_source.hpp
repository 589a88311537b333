#pragma once

#include <weft/reactor/file.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace weft
{

/// Reads a file from its beginning to its end. Regular files are read ahead: while a consumer works
/// on one buffer, the kernel fetches the bytes that come later. Pipes end when their last writer
/// has closed them, and are waited for until the first has opened them.
class FileSource final : public Source
{
public:
    static constexpr const char* TypeHelp = "bytes of a file, a pipe or a character device";
    static std::vector<ParameterDefinition> parameters();

    /// Bytes that are asked of the disk in advance, at least half of it at any time. Several times
    /// what a disk delivers while it seeks, and little beside the page cache.
    static constexpr std::uint64_t ReadAheadBytes = 1 << 20;

    explicit FileSource(const SourceDescriptor& descriptor);

    void open() override;
    FillStatus fillBuffer(Fill& fill) override;
    void close() override;

    std::string describe() const override
    {
        return path.string();
    }

private:
    enum class Kind : std::uint8_t
    {
        Regular,
        Stream, // no position: pipes, terminals, other character devices
    };

    io::Result<std::size_t> readInto(Fill& fill);
    void readAhead();

    std::filesystem::path path;
    File file;
    Kind kind = Kind::Regular;
    bool dataAwaited = false; // a pipe whose first writer may not have come yet
    std::uint64_t offsetBytes = 0;
    std::uint64_t requestedBytes = 0; // up to where the disk has been asked
};

} // namespace weft
