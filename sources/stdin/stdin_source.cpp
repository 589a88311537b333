#include <weft/reactor/operation.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>
#include <weft/sources/stdin/stdin_source.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

WEFT_REGISTER_SOURCE(stdin, weft::StdinSource)

namespace weft
{

namespace
{

/// By the source that is open.
std::atomic<bool> taken = false;

std::string_view kindOf(int descriptor) noexcept
{
    struct stat status = {};
    if (::isatty(descriptor) == 1)
    {
        return "terminal";
    }
    if (::fstat(descriptor, &status) != 0)
    {
        return "nothing";
    }
    return S_ISFIFO(status.st_mode)   ? "pipe"
           : S_ISREG(status.st_mode)  ? "file"
           : S_ISSOCK(status.st_mode) ? "socket"
                                      : "device";
}

} // namespace

void StdinSource::open()
{
    if (taken.exchange(true))
    {
        throw SourceError(errnoError(EBUSY), "open standard input, which another source reads; "
                                             "allowed: one source of type stdin");
    }
}

FillStatus StdinSource::fillBuffer(Fill& fill)
{
    while (fill.wantsMore())
    {
        const auto count = read(fill);
        if (!count)
        {
            if (count.error() == std::errc::resource_unavailable_try_again)
            {
                fill.foundNothing();
                continue;
            }
            if (gaveUp(count.error()))
            {
                break;
            }
            throw SourceError(count.error(), "read standard input");
        }
        if (*count == 0)
        {
            return FillStatus::EndOfStream;
        }
        fill.advance(*count);
    }
    return FillStatus::More;
}

/// No pauses to let bytes gather: nobody feeds so many of these that it would pay.
io::Result<std::size_t> StdinSource::read(Fill& fill)
{
    return fill.mayWait() ? io::readv(STDIN_FILENO, fill.space(), fill.deadline())
                          : io::tryPreadv(STDIN_FILENO, fill.space(), Operation::CurrentPosition);
}

void StdinSource::close()
{
    taken = false;
}

std::string StdinSource::describe() const
{
    return fmt::format("standard input: {}", kindOf(STDIN_FILENO));
}

} // namespace weft
