#include <weft/reactor/offload.hpp>
#include <weft/sources/file/file_source.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>

#include <fmt/format.h>

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

WEFT_REGISTER_SOURCE(file, weft::FileSource)

namespace weft
{

namespace
{

template <typename T>
T require(io::Result<T> result, std::string_view what, const std::filesystem::path& path)
{
    if (!result)
    {
        throw SourceError(result.error(), fmt::format("{} '{}'", what, path.string()));
    }
    if constexpr (!std::is_void_v<T>)
    {
        return std::move(*result);
    }
}

} // namespace

std::vector<ParameterDefinition> FileSource::parameters()
{
    return {
        {.name = "path",
         .type = ParameterType::Text,
         .help = "the file; relative to where the program runs"},
    };
}

FileSource::FileSource(const SourceDescriptor& descriptor) : path(descriptor.text("path"))
{
}

void FileSource::open()
{
    // Non-blocking, so that opening a pipe does not wait for its writer.
    auto opened = require(File::open(path, O_RDONLY | O_NONBLOCK), "open", path);
    const auto mode = require(opened.status(), "look at", path).stx_mode;
    if (S_ISDIR(mode))
    {
        throw SourceError(errnoError(EISDIR), fmt::format("open '{}'", path.string()));
    }
    kind = S_ISREG(mode) ? Kind::Regular : Kind::Stream;
    dataAwaited = S_ISFIFO(mode);
    offsetBytes = 0;
    requestedBytes = 0;
    file = std::move(opened);
    if (kind == Kind::Regular)
    {
        // A hint; some file systems have no use for it.
        ::posix_fadvise(file.descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);
    }
}

FillStatus FileSource::fillBuffer(Fill& fill)
{
    while (fill.wantsMore())
    {
        const auto count = readInto(fill);
        if (!count)
        {
            if (gaveUp(count.error()))
            {
                break;
            }
            throw SourceError(count.error(), fmt::format("read '{}'", path.string()));
        }
        if (*count == 0)
        {
            return FillStatus::EndOfStream;
        }
        fill.advance(*count);
    }
    return FillStatus::More;
}

io::Result<std::size_t> FileSource::readInto(Fill& fill)
{
    if (kind == Kind::Regular)
    {
        auto count = file.tryReadAt(offsetBytes, fill.space());
        if (!count && count.error() == std::errc::resource_unavailable_try_again)
        {
            readAhead();
            // With all buffers: a disk answers soon, and some file systems never at once.
            count = file.readAt(offsetBytes, fill.space(), fill.deadline());
        }
        offsetBytes += count.value_or(0);
        return count;
    }
    if (dataAwaited)
    {
        // A read would answer "end of file" before the first writer has come; poll does not.
        const auto ready = io::poll(file.descriptor(), POLLIN, fill.deadline());
        if (!ready)
        {
            return std::unexpected(ready.error());
        }
        dataAwaited = false;
    }
    return file.read(fill.rest(), fill.deadline());
}

/// Keeps the kernel fetching ahead of us, where it has to fetch. The call can block, on the file's
/// own map of its blocks, so it goes to another thread; it does not wait for the data.
void FileSource::readAhead()
{
    if (offsetBytes + ReadAheadBytes / 2 < requestedBytes)
    {
        return;
    }
    const auto from = requestedBytes;
    requestedBytes = std::max(offsetBytes, requestedBytes) + ReadAheadBytes;
    const int descriptor = file.descriptor();
    // Only an optimisation: without it, or when it gives up, the reads fetch for themselves.
    [[maybe_unused]] const auto asked = offload(
        [descriptor, from, to = requestedBytes]
        {
            return ::posix_fadvise(descriptor, static_cast<off_t>(from),
                                   static_cast<off_t>(to - from), POSIX_FADV_WILLNEED);
        });
}

void FileSource::close()
{
    require(file.close(), "close", path);
}

} // namespace weft
