#pragma once

#include <cstdint>

namespace weft
{

/// Which file it is, whatever its name.
struct FileIdentity
{
    std::uint32_t deviceMajor = 0;
    std::uint32_t deviceMinor = 0;
    std::uint64_t inode = 0;

    bool operator==(const FileIdentity&) const = default;
};

} // namespace weft
