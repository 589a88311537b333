#include "output_file.hpp"

#include "file_identity.hpp"
#include "file_output.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace weft::tools
{

namespace
{

constexpr mode_t Mode = 0666; // less what the umask takes away

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
        target = followLinks(path);
        if (std::filesystem::is_symlink(target)) // they go round in a circle
        {
            throw UsageError(fmt::format("cannot write {}: {}", quotedPath(path),
                                         std::generic_category().message(ELOOP)));
        }
        temporary = target;
        temporary += fmt::format(".{}.part", ::getpid());
        file.reset(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, Mode));
    }
    if (!file)
    {
        throw UsageError(fmt::format("cannot write {}: {}", quotedPath(path),
                                     std::generic_category().message(errno)));
    }
}

void OutputFile::mustNotBe(const std::filesystem::path& other, std::string_view what) const
{
    if (!temporary.empty() && isSameFile(target, other))
    {
        throw UsageError(fmt::format("{} would be overwritten, which {}; choose another file",
                                     quotedPath(path), what));
    }
}

OutputFile::~OutputFile()
{
    discard();
}

void OutputFile::commit(std::string_view content)
{
    writeAll(isStandardOutput() ? STDOUT_FILENO : file.get(), std::as_bytes(std::span(content)),
             path);
    if (file && ::close(file.release()) != 0)
    {
        throwFileError(errno, "write", path);
    }
    if (!temporary.empty())
    {
        if (::rename(temporary.c_str(), target.c_str()) != 0)
        {
            throwFileError(errno, "rename to", target);
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
