#pragma once

#include <weft/reactor/io.hpp>
#include <weft/reactor/owned_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace weft
{

/// An open file of any kind. Calls behave as those in io.hpp.
class File
{
public:
    /// Owns nothing.
    File() noexcept = default;

    explicit File(OwnedDescriptor opened) noexcept : file(std::move(opened))
    {
    }

    /// `flags` and `mode` as for open(2). Suspends.
    static io::Result<File> open(const std::filesystem::path& path, int flags, mode_t mode = 0644,
                                 Deadline deadline = NoDeadline);

    bool isOpen() const noexcept
    {
        return static_cast<bool>(file);
    }

    int descriptor() const noexcept
    {
        return file.get();
    }

    /// Zero at the end of the file. Suspends.
    io::Result<std::size_t> read(std::span<std::byte> buffer, Deadline deadline = NoDeadline) const;
    io::Result<std::size_t> read(std::span<const iovec> buffers,
                                 Deadline deadline = NoDeadline) const;
    io::Result<std::size_t> readAt(std::uint64_t offsetBytes, std::span<const iovec> buffers,
                                   Deadline deadline = NoDeadline) const;
    io::Result<std::size_t> readAt(std::uint64_t offsetBytes, std::span<std::byte> buffer,
                                   Deadline deadline = NoDeadline) const;

    /// What of it is in the page cache, without waiting: see io::tryPreadv().
    io::Result<std::size_t> tryReadAt(std::uint64_t offsetBytes,
                                      std::span<const iovec> buffers) const;

    /// Writes everything, or tells why not; how much was written is then unknown. Suspends.
    io::Result<void> writeAll(std::span<const std::byte> bytes,
                              Deadline deadline = NoDeadline) const;
    io::Result<void> writeAllAt(std::uint64_t offsetBytes, std::span<const std::byte> bytes,
                                Deadline deadline = NoDeadline) const;

    /// Suspends.
    io::Result<struct statx> status(Deadline deadline = NoDeadline) const;
    io::Result<void> sync(Deadline deadline = NoDeadline) const;
    io::Result<void> close();

private:
    OwnedDescriptor file;
};

} // namespace weft
