#include "output_file.hpp"

#include "usage_error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace weft::tools
{

namespace
{

constexpr mode_t Mode = 0666; // less what the umask takes away

std::string quotedPath(const std::filesystem::path& path)
{
    return fmt::format("'{}'", path.string());
}

[[noreturn]] void throwSystemError(std::string_view action, const std::filesystem::path& path)
{
    throw std::system_error(errno, std::generic_category(),
                            fmt::format("{} {}", action, quotedPath(path)));
}

void writeAll(int descriptor, std::string_view content, const std::filesystem::path& path)
{
    while (!content.empty())
    {
        const auto written = ::write(descriptor, content.data(), content.size());
        if (written >= 0)
        {
            content.remove_prefix(static_cast<std::size_t>(written));
        }
        else if (errno != EINTR)
        {
            throwSystemError("write", path);
        }
    }
}

} // namespace

OutputFile::OutputFile(std::filesystem::path wantedPath) : path(std::move(wantedPath))
{
    if (isStandardOutput())
    {
        return;
    }
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    {
        file.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    }
    else
    {
        temporary = path;
        temporary += fmt::format(".{}.part", ::getpid());
        file.reset(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, Mode));
    }
    if (!file)
    {
        throw UsageError(fmt::format("cannot write {}: {}", quotedPath(path),
                                     std::generic_category().message(errno)));
    }
}

OutputFile::~OutputFile()
{
    discard();
}

void OutputFile::commit(std::string_view content)
{
    writeAll(isStandardOutput() ? STDOUT_FILENO : file.get(), content, path);
    if (file && ::close(file.release()) != 0)
    {
        throwSystemError("write", path);
    }
    if (!temporary.empty())
    {
        if (::rename(temporary.c_str(), path.c_str()) != 0)
        {
            throwSystemError("rename to", path);
        }
        temporary.clear();
    }
}

void OutputFile::discard() noexcept
{
    if (!temporary.empty())
    {
        ::unlink(temporary.c_str());
        temporary.clear();
    }
}

bool OutputFile::isStandardOutput() const
{
    return path == "-";
}

} // namespace weft::tools
