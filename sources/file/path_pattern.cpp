#include <weft/reactor/io_error.hpp>
#include <weft/sources/file/path_pattern.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>

#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace weft
{

namespace
{

/// Where glob(3) reports; it takes no argument of ours along.
thread_local int directoryError = 0;

int noteDirectoryError(const char*, int error)
{
    directoryError = error;
    return 0; // it goes on with the other directories
}

bool exists(const std::string& path)
{
    struct stat status = {};
    return ::lstat(path.c_str(), &status) == 0;
}

} // namespace

bool isPattern(std::string_view path) noexcept
{
    return path.find_first_of("*?[") != std::string_view::npos;
}

bool matchesComponent(const std::string& component, const std::string& name) noexcept
{
    return component == name ||
           (isPattern(component) && ::fnmatch(component.c_str(), name.c_str(), FNM_PERIOD) == 0);
}

FoundPaths findPaths(const std::string& pattern)
{
    FoundPaths found;
    if (isPattern(pattern))
    {
        glob_t matches = {};
        directoryError = 0;
        const int result = ::glob(pattern.c_str(), GLOB_NOSORT, noteDirectoryError, &matches);
        const std::unique_ptr<glob_t, decltype(&::globfree)> owned(&matches, ::globfree);
        if (result == GLOB_NOSPACE)
        {
            throw std::bad_alloc();
        }
        found.paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
        std::ranges::sort(found.paths);
        found.error = errnoError(directoryError);
    }
    if (found.paths.empty() && exists(pattern))
    {
        found.paths.push_back(pattern);
        found.error = {};
    }
    return found;
}

std::vector<FoundFile> filesAmong(const std::vector<std::string>& paths, bool anyKind)
{
    std::vector<FoundFile> files;
    for (const auto& path : paths)
    {
        struct stat status = {};
        if (::stat(path.c_str(), &status) == 0 && (anyKind || S_ISREG(status.st_mode)))
        {
            files.push_back({.path = path,
                             .identity = {.deviceMajor = gnu_dev_major(status.st_dev),
                                          .deviceMinor = gnu_dev_minor(status.st_dev),
                                          .inode = status.st_ino}});
        }
    }
    return files;
}

std::vector<PathLevel> levelsOf(std::string_view path)
{
    std::vector<PathLevel> levels;
    std::string directory = path.starts_with('/') ? "/" : ".";
    std::string prefix = path.starts_with('/') ? "/" : "";
    while (!path.empty())
    {
        const auto end = std::min(path.find('/'), path.size());
        const std::string child(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
        if (child.empty() || child == ".")
        {
            continue;
        }
        levels.push_back({.directory = directory, .child = child});
        prefix += child;
        directory = prefix;
        prefix += '/';
    }
    return levels;
}

} // namespace weft
