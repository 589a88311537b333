#pragma once

#include <compare>
#include <filesystem>
#include <optional>

#include <sys/stat.h>

namespace weft::tools
{

/// Tells whether two names are one file, through links of either kind.
struct FileIdentity
{
    dev_t device = 0;
    ino_t inode = 0;

    explicit FileIdentity(const struct stat& status) noexcept
        : device(status.st_dev),
          inode(status.st_ino)
    {
    }

    auto operator<=>(const FileIdentity&) const = default;
};

/// Of what the path leads to; empty when there is nothing, or nothing that can be looked at.
std::optional<FileIdentity> identityOf(const std::filesystem::path& path);

/// Follows the symbolic links of the last part of the path, even to a file that is not there.
std::filesystem::path followLinks(std::filesystem::path path);

/// Whether the paths are one file, or would be if it were there.
bool isSameFile(const std::filesystem::path& first, const std::filesystem::path& second);

} // namespace weft::tools
