#include "files_sink.hpp"

#include <weft/memory/assert.hpp>

#include "ingest_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft::tools
{

namespace
{

using FileIdentity = std::pair<dev_t, ino_t>;

std::string errnoText(int error)
{
    return std::generic_category().message(error);
}

/// Whether there is something under that name, a dangling link included.
bool isTaken(const std::filesystem::path& path)
{
    struct stat status;
    return ::lstat(path.c_str(), &status) == 0;
}

std::string quotedPath(const std::filesystem::path& path)
{
    return fmt::format("'{}'", path.string());
}

[[noreturn]] void throwSystemError(int error, std::string_view action,
                                   const std::filesystem::path& path)
{
    throw std::system_error(error, std::generic_category(),
                            fmt::format("{} {}", action, quotedPath(path)));
}

} // namespace

FilesSink::FilesSink(const IngestPlan& plan)
{
    WEFT_ASSERT(plan.sink.kind == SinkKind::Files);
    const auto& directory = plan.sink.directory;
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error)
    {
        throw SinkError(fmt::format("cannot make the sink's directory {}: {}",
                                    quotedPath(directory), error.message()));
    }
    for (const auto& source : plan.sources)
    {
        files.push_back({.path = directory / source.name(), .descriptor = {}});
    }
    if (!plan.sink.overwrite)
    {
        refuseExisting();
    }
    refuseInputs(plan);
    openAll(plan.sink.overwrite);
}

void FilesSink::refuseExisting() const
{
    const auto isThere = [](const File& file)
    {
        return isTaken(file.path);
    };
    const auto first = std::ranges::find_if(files, isThere);
    if (first == files.end())
    {
        return;
    }
    const auto others = std::ranges::count_if(files, isThere) - 1;
    throw SinkError(fmt::format(
        "the sink would overwrite {}{}; remove what is there, choose another directory, or write "
        "'overwrite: true'",
        quotedPath(first->path), others > 0 ? fmt::format(" and {} more", others) : ""));
}

/// With `overwrite`, opening a file that a source is to read would empty it first.
void FilesSink::refuseInputs(const IngestPlan& plan) const
{
    constexpr std::string_view PathParameter = "path";
    std::set<FileIdentity> inputs;
    for (const auto& source : plan.sources)
    {
        struct stat status;
        if (source.has(PathParameter) && ::stat(source.text(PathParameter).c_str(), &status) == 0)
        {
            inputs.emplace(status.st_dev, status.st_ino);
        }
    }
    for (const auto& file : files)
    {
        struct stat status;
        if (::stat(file.path.c_str(), &status) == 0 &&
            inputs.contains({status.st_dev, status.st_ino}))
        {
            throw SinkError(fmt::format(
                "the sink would overwrite {}, which a source reads; choose another directory",
                quotedPath(file.path)));
        }
    }
}

void FilesSink::openAll(bool overwrite)
{
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (overwrite ? O_TRUNC : O_EXCL);
    for (auto& file : files)
    {
        constexpr mode_t Mode = 0666; // less what the umask takes away
        file.descriptor.reset(::open(file.path.c_str(), flags, Mode));
        if (!file.descriptor)
        {
            const int error = errno;
            if (!overwrite)
            {
                removeOpened();
            }
            throw SinkError(fmt::format("the sink cannot open {}: {}", quotedPath(file.path),
                                        errnoText(error)));
        }
    }
}

/// Leaves nothing behind that would be in the way of the next attempt.
void FilesSink::removeOpened() noexcept
{
    for (const auto& file : files)
    {
        if (file.descriptor)
        {
            ::unlink(file.path.c_str());
        }
    }
}

void FilesSink::accept(std::size_t source, std::span<const std::byte> bytes)
{
    const auto& file = files[source];
    WEFT_ASSERT(file.descriptor);
    while (!bytes.empty())
    {
        const auto written = ::write(file.descriptor.get(), bytes.data(), bytes.size());
        if (written >= 0)
        {
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
        else if (errno != EINTR)
        {
            throwSystemError(errno, "write", file.path);
        }
    }
}

void FilesSink::finish(std::size_t source)
{
    auto& file = files[source];
    WEFT_ASSERT(file.descriptor);
    // Some file systems tell only here that an earlier write has failed. EINTR is none of that:
    // Linux has closed the descriptor then.
    if (::close(file.descriptor.release()) != 0 && errno != EINTR)
    {
        throwSystemError(errno, "close", file.path);
    }
}

} // namespace weft::tools
