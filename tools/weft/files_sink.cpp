#include "files_sink.hpp"

#include <weft/memory/assert.hpp>

#include "file_identity.hpp"
#include "file_output.hpp"
#include "ingest_plan.hpp"
#include "resource_advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft::tools
{

namespace
{

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

/// Opening a pipe waits for its reader, and writing to a device is not what a recorder is for.
[[noreturn]] void refuseIrregular(const std::filesystem::path& path)
{
    throw SinkError(fmt::format("the sink cannot write {}: it is not a regular file, but a pipe, a "
                                "device or the like; remove it, or choose another directory",
                                quotedPath(path)));
}

} // namespace

FilesSink::FilesSink(const IngestPlan& plan) : overwrites(plan.sink.overwrite)
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
        auto& file = files.emplace_back();
        file.path = sinkFile(plan.sink, source);
        file.isDirectory = connectionsMost(source) > 0;
    }
    if (!plan.sink.overwrite)
    {
        refuseExisting();
    }
    try
    {
        for (auto& file : files)
        {
            file.isDirectory ? openDirectory(file, overwrites) : open(file, overwrites);
        }
        refuseShared(plan);
        emptyAll();
    }
    catch (const SinkError&)
    {
        removeMade();
        throw;
    }
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

/// Empties nothing: that is left until every file may be written.
void FilesSink::open(File& file, bool overwrite)
{
    constexpr int Flags = O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    constexpr mode_t Mode = 0666; // less what the umask takes away
    file.descriptor.reset(::open(file.path.c_str(), Flags | O_EXCL, Mode));
    if (file.descriptor)
    {
        file.made = true;
        return;
    }
    if (errno == EEXIST && overwrite)
    {
        file.descriptor.reset(::open(file.path.c_str(), Flags, Mode));
    }
    if (!file.descriptor)
    {
        const int error = errno;
        if (error == ENXIO) // a pipe without a reader, or a socket
        {
            refuseIrregular(file.path);
        }
        throw SinkError(withResourceAdvice(
            fmt::format("the sink cannot open {}: {}", quotedPath(file.path), errnoText(error)),
            std::error_code(error, std::generic_category())));
    }
    if (!S_ISREG(statusOf(file).st_mode))
    {
        refuseIrregular(file.path);
    }
}

void FilesSink::openDirectory(File& file, bool overwrite)
{
    constexpr mode_t Mode = 0777; // less what the umask takes away
    file.made = ::mkdir(file.path.c_str(), Mode) == 0;
    if (file.made || (errno == EEXIST && overwrite))
    {
        file.descriptor.reset(::open(file.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    if (!file.descriptor)
    {
        throw SinkError(fmt::format("the sink cannot make the directory {}: {}",
                                    quotedPath(file.path), errnoText(errno)));
    }
}

/// A file that has another purpose: the configuration, what a source reads, another source's file.
void FilesSink::refuseShared(const IngestPlan& plan) const
{
    std::map<FileIdentity, const File*> owners;
    for (const auto& file : files)
    {
        const auto [owner, isNew] = owners.try_emplace(FileIdentity(statusOf(file)), &file);
        if (!isNew)
        {
            throw SinkError(fmt::format("the sink would write {} and {} to one file; remove the "
                                        "links, or choose another directory",
                                        quotedPath(owner->second->path), quotedPath(file.path)));
        }
    }
    const auto refuse = [&owners](const std::filesystem::path& path, std::string_view what)
    {
        const auto identity = identityOf(path);
        const auto owner = identity ? owners.find(*identity) : owners.end();
        if (owner != owners.end())
        {
            throw SinkError(
                fmt::format("the sink would overwrite {}, which {}; choose another directory",
                            quotedPath(owner->second->path), what));
        }
    };
    if (!plan.config.empty())
    {
        refuse(plan.config, "is the configuration");
    }
    for (const auto& source : plan.sources)
    {
        if (const auto input = inputFile(source))
        {
            refuse(*input, "a source reads");
        }
    }
}

void FilesSink::emptyAll() const
{
    for (const auto& file : files)
    {
        if (!file.made && !file.isDirectory && ::ftruncate(file.descriptor.get(), 0) != 0)
        {
            throw SinkError(fmt::format("the sink cannot empty {}: {}", quotedPath(file.path),
                                        errnoText(errno)));
        }
    }
}

struct stat FilesSink::statusOf(const File& file)
{
    struct stat status
    {
    };

    const int result = ::fstat(file.descriptor.get(), &status);
    WEFT_ASSERT(result == 0);
    return status;
}

/// Leaves nothing behind that would be in the way of the next attempt.
void FilesSink::removeMade() const noexcept
{
    for (const auto& file : files)
    {
        if (file.made)
        {
            file.isDirectory ? ::rmdir(file.path.c_str()) : ::unlink(file.path.c_str());
        }
    }
}

void FilesSink::accept(std::size_t source, std::uint64_t connection,
                       std::span<const std::byte> bytes)
{
    auto& file = files[source];
    WEFT_ASSERT(file.descriptor && file.isDirectory == (connection > 0));
    if (connection == 0)
    {
        writeAll(file.descriptor.get(), bytes, file.path);
        return;
    }
    writeAll(connectionFile(file, connection).get(), bytes, connectionPath(file, connection));
}

/// Opened when its first bytes come: one that brings none leaves no file.
OwnedDescriptor& FilesSink::connectionFile(File& file, std::uint64_t connection) const
{
    auto& descriptor = file.connections[connection];
    if (!descriptor)
    {
        constexpr mode_t Mode = 0666; // less what the umask takes away
        const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC |
                          (overwrites ? O_TRUNC | O_NONBLOCK : O_EXCL);
        descriptor.reset(
            ::openat(file.descriptor.get(), fmt::format("{}", connection).c_str(), flags, Mode));
        if (!descriptor)
        {
            throwFileError(errno, "open", connectionPath(file, connection));
        }
    }
    return descriptor;
}

std::filesystem::path FilesSink::connectionPath(const File& file, std::uint64_t connection)
{
    return file.path / fmt::format("{}", connection);
}

void FilesSink::finishConnection(std::size_t source, std::uint64_t connection)
{
    auto& file = files[source];
    if (auto node = file.connections.extract(connection); node && node.mapped())
    {
        close(node.mapped(), connectionPath(file, connection));
    }
}

void FilesSink::finish(std::size_t source)
{
    auto& file = files[source];
    WEFT_ASSERT(file.descriptor);
    while (!file.connections.empty())
    {
        finishConnection(source, file.connections.begin()->first);
    }
    close(file.descriptor, file.path);
}

void FilesSink::close(OwnedDescriptor& descriptor, const std::filesystem::path& path)
{
    // Some file systems tell only here that an earlier write has failed. EINTR is none of that:
    // Linux has closed the descriptor then.
    if (::close(descriptor.release()) != 0 && errno != EINTR)
    {
        throwFileError(errno, "close", path);
    }
}

} // namespace weft::tools
