#include <weft/memory/assert.hpp>
#include <weft/reactor/offload.hpp>
#include <weft/sources/file/file_error.hpp>
#include <weft/sources/file/input_file.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

namespace weft
{

io::Result<InputFile> InputFile::open(const std::string& path, std::uint64_t readAheadBytes)
{
    // Non-blocking, so that opening a pipe does not wait for its writer.
    auto opened = File::open(path, O_RDONLY | O_NONBLOCK);
    if (!opened)
    {
        return std::unexpected(opened.error());
    }
    InputFile input;
    input.name = path;
    input.file = std::move(*opened);
    const auto status = input.status();
    if (S_ISDIR(status.stx_mode))
    {
        return std::unexpected(errnoError(EISDIR));
    }
    input.fileIdentity = {.deviceMajor = status.stx_dev_major,
                          .deviceMinor = status.stx_dev_minor,
                          .inode = status.stx_ino};
    input.readAheadBytes = readAheadBytes;
    input.regular = S_ISREG(status.stx_mode);
    input.dataAwaited = S_ISFIFO(status.stx_mode);
    if (input.regular)
    {
        // A hint; some file systems have no use for it.
        ::posix_fadvise(input.descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    return input;
}

void InputFile::seek(std::uint64_t offsetBytes) noexcept
{
    WEFT_ASSERT(regular);
    offset = offsetBytes;
    requestedBytes = offsetBytes;
}

io::Result<std::size_t> InputFile::read(Fill& fill)
{
    // Nobody waits for a pipe with buffers that others may need.
    return regular ? readRegular(fill.space(), fill.deadline())
                   : readStream(fill.rest(), fill.deadline());
}

io::Result<std::size_t> InputFile::read(std::span<std::byte> buffer, Deadline deadline)
{
    if (regular)
    {
        const std::array buffers{iovec{.iov_base = buffer.data(), .iov_len = buffer.size()}};
        return readRegular(buffers, deadline);
    }
    return readStream(buffer, deadline);
}

io::Result<std::size_t> InputFile::readRegular(std::span<const iovec> buffers, Deadline deadline)
{
    auto count = file.tryReadAt(offset, buffers);
    if (!count && count.error() == std::errc::resource_unavailable_try_again)
    {
        readAhead();
        // With all buffers: a disk answers soon, and some file systems never at once.
        count = file.readAt(offset, buffers, deadline);
    }
    offset += count.value_or(0);
    return count;
}

io::Result<std::size_t> InputFile::readStream(std::span<std::byte> buffer, Deadline deadline)
{
    if (dataAwaited)
    {
        // A read would answer "end of file" before the first writer has come; poll does not.
        const auto ready = io::poll(file.descriptor(), POLLIN, deadline);
        if (!ready)
        {
            return std::unexpected(ready.error());
        }
        dataAwaited = false;
    }
    auto count = file.read(buffer, deadline);
    offset += count.value_or(0);
    return count;
}

/// Keeps the kernel fetching ahead of us, where it has to fetch. The call can block, on the file's
/// own map of its blocks, so it goes to another thread; it does not wait for the data.
void InputFile::readAhead()
{
    if (readAheadBytes == 0 || offset + readAheadBytes / 2 < requestedBytes)
    {
        return;
    }
    const auto from = requestedBytes;
    requestedBytes = std::max(offset, requestedBytes) + readAheadBytes;
    const int descriptor = file.descriptor();
    // Only an optimisation: without it, or when it gives up, the reads fetch for themselves.
    [[maybe_unused]] const auto asked = offload(
        [descriptor, from, to = requestedBytes]
        {
            return ::posix_fadvise(descriptor, static_cast<off_t>(from),
                                   static_cast<off_t>(to - from), POSIX_FADV_WILLNEED);
        });
}

struct statx InputFile::status() const
{
    return requireFile(file.status(), "look at", name);
}

void InputFile::close()
{
    requireFile(file.close(), "close", name);
}

} // namespace weft
