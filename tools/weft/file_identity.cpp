#include "file_identity.hpp"

#include <system_error>
#include <utility>

namespace weft::tools
{

namespace
{

std::filesystem::path directoryOf(const std::filesystem::path& path)
{
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

} // namespace

std::optional<FileIdentity> identityOf(const std::filesystem::path& path)
{
    struct stat status;
    return ::stat(path.c_str(), &status) == 0 ? std::optional(FileIdentity(status)) : std::nullopt;
}

std::filesystem::path followLinks(std::filesystem::path path)
{
    constexpr int LinksMost = 40; // as in the kernel, which refuses what has more
    for (int links = 0; links < LinksMost; ++links)
    {
        std::error_code error;
        const auto target = std::filesystem::read_symlink(path, error);
        if (error)
        {
            break;
        }
        path = path.parent_path() / target;
    }
    return path;
}

bool isSameFile(const std::filesystem::path& first, const std::filesystem::path& second)
{
    const auto one = identityOf(first);
    const auto other = identityOf(second);
    if (one || other)
    {
        return one == other;
    }
    const auto firstTarget = followLinks(first);
    const auto secondTarget = followLinks(second);
    if (firstTarget.filename() != secondTarget.filename())
    {
        return false;
    }
    const auto directory = identityOf(directoryOf(firstTarget));
    const auto otherDirectory = identityOf(directoryOf(secondTarget));
    // A directory that is to be made has no identity yet.
    return directory && otherDirectory
               ? directory == otherDirectory
               : std::filesystem::absolute(firstTarget).lexically_normal() ==
                     std::filesystem::absolute(secondTarget).lexically_normal();
}

} // namespace weft::tools
