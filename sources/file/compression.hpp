#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weft
{

enum class Compression : std::uint8_t
{
    None,
    Gzip,
    Zstd,
    Auto, // as the first bytes tell
};

std::string_view toString(Compression compression) noexcept;

/// Whether this build has the library for it.
bool isBuilt(Compression compression) noexcept;

/// What a file that begins with these bytes is; nothing while more of them could still tell
/// otherwise. `isAll`: there are no more.
std::optional<Compression> detectCompression(std::span<const std::byte> beginning,
                                             bool isAll) noexcept;

} // namespace weft
