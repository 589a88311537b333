#pragma once

#include <weft/sources/file/file_identity.hpp>

#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// \file
/// Names of files with wildcards, as glob(7) has them. What looks at the disk blocks: it is for the
/// offload pool.

namespace weft
{

/// Whether it has one of the characters *, ? and [.
bool isPattern(std::string_view path) noexcept;

/// Whether a name in a directory matches one component of a path, pattern or not.
bool matchesComponent(const std::string& component, const std::string& name) noexcept;

/// The paths that there are, in the order of their bytes, links that lead nowhere among them. A
/// pattern that matches nothing stands for itself, as in a shell: a file may have such a name.
struct FoundPaths
{
    std::vector<std::string> paths;
    std::error_code error; // why a directory could not be looked through
};

FoundPaths findPaths(const std::string& pattern);

struct FoundFile
{
    std::string path;
    FileIdentity identity;
};

/// Of these paths the regular files, and links to them; with `anyKind` whatever is there.
std::vector<FoundFile> filesAmong(const std::vector<std::string>& paths, bool anyKind);

/// The components of a path: a directory and what is looked for in it, from the root (or ".") down.
struct PathLevel
{
    std::string directory;
    std::string child;
};

std::vector<PathLevel> levelsOf(std::string_view path);

} // namespace weft
