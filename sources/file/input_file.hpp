#pragma once

#include <weft/reactor/file.hpp>
#include <weft/sources/file/file_identity.hpp>
#include <weft/sources/fill.hpp>

#include <cstdint>
#include <span>
#include <string>

#include <sys/stat.h>

namespace weft
{

/// A file, pipe or character device that is read from its beginning to its end. Regular files are
/// read ahead: while a consumer works on one buffer, the kernel fetches the bytes that come later.
/// Pipes end when their last writer has closed them, and are waited for until the first has opened
/// them.
class InputFile
{
public:
    /// Owns nothing.
    InputFile() = default;

    /// Nothing is read ahead when `readAheadBytes` is zero. Suspends.
    static io::Result<InputFile> open(const std::string& path, std::uint64_t readAheadBytes);

    bool isOpen() const noexcept
    {
        return file.isOpen();
    }

    /// Whether it has a size and a position.
    bool isRegular() const noexcept
    {
        return regular;
    }

    int descriptor() const noexcept
    {
        return file.descriptor();
    }

    const std::string& path() const noexcept
    {
        return name;
    }

    void rename(std::string path)
    {
        name = std::move(path);
    }

    const FileIdentity& identity() const noexcept
    {
        return fileIdentity;
    }

    /// Of the next byte to be read.
    std::uint64_t offsetBytes() const noexcept
    {
        return offset;
    }

    /// It is regular.
    void seek(std::uint64_t offsetBytes) noexcept;

    /// Into the buffers on offer, or for what is no regular file into the first of them; zero at
    /// the end. Suspends.
    io::Result<std::size_t> read(Fill& fill);
    io::Result<std::size_t> read(std::span<std::byte> buffer, Deadline deadline);

    /// Throws SourceError. Suspends.
    struct statx status() const;

    /// Throws SourceError. Suspends.
    void close();

private:
    io::Result<std::size_t> readRegular(std::span<const iovec> buffers, Deadline deadline);
    io::Result<std::size_t> readStream(std::span<std::byte> buffer, Deadline deadline);
    void readAhead();

    std::string name;
    File file;
    FileIdentity fileIdentity;
    std::uint64_t readAheadBytes = 0;
    bool regular = false;
    bool dataAwaited = false; // a pipe whose first writer may not have come yet
    std::uint64_t offset = 0;
    std::uint64_t requestedBytes = 0; // up to where the disk has been asked
};

} // namespace weft
