#include <weft/sources/file/file_error.hpp>
#include <weft/sources/file/pattern_watch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include <sys/inotify.h>

namespace weft
{

namespace
{

constexpr std::uint32_t DirectoryEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                          IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

bool isMissing(std::error_code error) noexcept
{
    return error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
}

std::string limitOf(std::error_code error)
{
    if (error == std::errc::too_many_files_open)
    {
        return " (its limits: fs.inotify.max_user_instances, and that on descriptors)";
    }
    return error == std::errc::no_space_on_device ? " (its limit: fs.inotify.max_user_watches)"
                                                  : "";
}

[[noreturn]] void failToWatch(const std::string& path, std::error_code error)
{
    throw SourceError(error, fmt::format("watch '{}'{}", path, limitOf(error)));
}

} // namespace

PatternWatch::PatternWatch(std::string pathOrPattern)
    : pattern(std::move(pathOrPattern)),
      levels(levelsOf(pattern))
{
}

void PatternWatch::open()
{
    auto created = FileWatch::create();
    if (!created)
    {
        failToWatch(pattern, created.error());
    }
    watch = std::move(*created);
}

void PatternWatch::close() noexcept
{
    directories.clear();
    watch = {};
}

/// Downwards, each directory before what is in it is looked at: so nothing can come unseen.
std::vector<FoundFile> PatternWatch::scan()
{
    const bool anyKind = !isPattern(pattern); // it is for others to refuse what is no file
    if (levels.empty())
    {
        return filesAmong({pattern}, anyKind); // the root
    }
    std::vector<Directory> added;
    auto level = std::ranges::find_if(levels,
                                      [](const PathLevel& one)
                                      {
                                          return isPattern(one.child);
                                      });
    level -= level == levels.end() ? 1 : 0;
    // The last directory that needs no wildcard, or of those above it the first that is there.
    while (!addDirectory(level->directory, &level->child, added) && level != levels.begin())
    {
        --level;
    }
    for (++level; level < levels.end(); ++level)
    {
        for (const auto& path : findPaths(level->directory).paths)
        {
            addDirectory(path, &level->child, added);
        }
    }
    const auto paths = findPaths(pattern).paths;
    for (const auto& path : paths)
    {
        addDirectoriesOfLinks(path, added);
    }
    auto files = filesAmong(paths, anyKind);
    for (const auto& old : std::exchange(directories, std::move(added)))
    {
        if (std::ranges::find(directories, old.watch, &Directory::watch) == directories.end())
        {
            watch.remove(old.watch);
        }
    }
    return files;
}

/// False when there is no such directory.
bool PatternWatch::addDirectory(const std::string& path, const std::string* child,
                                std::vector<Directory>& added) const
{
    const auto number = watch.add(path, DirectoryEvents);
    if (!number)
    {
        if (!isMissing(number.error()))
        {
            failToWatch(path, number.error());
        }
        return false;
    }
    added.push_back({.watch = *number, .child = child});
    return true;
}

/// What a link leads to, perhaps through others, may be rotated where it is.
void PatternWatch::addDirectoriesOfLinks(const std::string& path,
                                         std::vector<Directory>& added) const
{
    constexpr int LinksMax = 40; // as the kernel has it
    std::filesystem::path link = path;
    std::error_code error;
    for (int count = 0; count < LinksMax && std::filesystem::is_symlink(link, error); ++count)
    {
        link = link.parent_path() / std::filesystem::read_symlink(link, error);
        addDirectory(link.has_parent_path() ? link.parent_path() : ".", nullptr, added);
    }
}

bool PatternWatch::concerns(const FileWatch::Event& event) const noexcept
{
    if (event.watch == FileWatch::LostEvents)
    {
        return true;
    }
    return std::ranges::any_of(
        directories,
        [&event](const Directory& directory)
        {
            return directory.watch == event.watch &&
                   (directory.child == nullptr || event.name.empty() ||
                    matchesComponent(*directory.child, std::string(event.name)));
        });
}

} // namespace weft
