#include <weft/reactor/file.hpp>

#include <utility>

namespace weft
{

io::Result<File> File::open(const std::filesystem::path& path, int flags, mode_t mode,
                            Deadline deadline)
{
    auto opened = io::open(path, flags, mode, deadline);
    if (!opened)
    {
        return std::unexpected(opened.error());
    }
    return File(std::move(*opened));
}

io::Result<std::size_t> File::read(std::span<std::byte> buffer, Deadline deadline) const
{
    return io::read(file.get(), buffer, deadline);
}

io::Result<std::size_t> File::readAt(std::uint64_t offsetBytes, std::span<std::byte> buffer,
                                     Deadline deadline) const
{
    return io::pread(file.get(), buffer, offsetBytes, deadline);
}

io::Result<std::size_t> File::read(std::span<const iovec> buffers, Deadline deadline) const
{
    return io::readv(file.get(), buffers, deadline);
}

io::Result<std::size_t> File::readAt(std::uint64_t offsetBytes, std::span<const iovec> buffers,
                                     Deadline deadline) const
{
    return io::preadv(file.get(), buffers, offsetBytes, deadline);
}

io::Result<std::size_t> File::tryReadAt(std::uint64_t offsetBytes,
                                        std::span<const iovec> buffers) const
{
    return io::tryPreadv(file.get(), buffers, offsetBytes);
}

io::Result<void> File::writeAll(std::span<const std::byte> bytes, Deadline deadline) const
{
    while (!bytes.empty())
    {
        const auto written = io::write(file.get(), bytes, deadline);
        if (!written)
        {
            return std::unexpected(written.error());
        }
        bytes = bytes.subspan(*written);
    }
    return {};
}

io::Result<void> File::writeAllAt(std::uint64_t offsetBytes, std::span<const std::byte> bytes,
                                  Deadline deadline) const
{
    while (!bytes.empty())
    {
        const auto written = io::pwrite(file.get(), bytes, offsetBytes, deadline);
        if (!written)
        {
            return std::unexpected(written.error());
        }
        offsetBytes += *written;
        bytes = bytes.subspan(*written);
    }
    return {};
}

io::Result<struct statx> File::status(Deadline deadline) const
{
    return io::stat(file.get(), deadline);
}

io::Result<void> File::sync(Deadline deadline) const
{
    return io::fsync(file.get(), deadline);
}

io::Result<void> File::close()
{
    return io::close(std::move(file));
}

} // namespace weft
