#include <weft/sources/file/compression.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace weft
{

namespace
{

struct Magic
{
    std::string_view bytes;
    Compression compression;
};

constexpr std::array GzipAndZstd{
    Magic{.bytes = "\x1f\x8b", .compression = Compression::Gzip},
    Magic{.bytes = "\x28\xb5\x2f\xfd", .compression = Compression::Zstd},
};

/// A frame of zstd that is to be skipped begins with any of 16 bytes, and these.
constexpr std::string_view SkippableRest = "\x2a\x4d\x18";

enum class Match : std::uint8_t
{
    No,
    SoFar,
    Yes,
};

Match match(std::string_view beginning, std::string_view magic) noexcept
{
    if (beginning.size() >= magic.size())
    {
        return beginning.starts_with(magic) ? Match::Yes : Match::No;
    }
    return magic.starts_with(beginning) ? Match::SoFar : Match::No;
}

Match matchSkippable(std::string_view beginning) noexcept
{
    if (beginning.empty())
    {
        return Match::SoFar;
    }
    constexpr unsigned char FirstByte = 0x50;
    const auto first = static_cast<unsigned char>(beginning.front());
    return (first & 0xf0) == FirstByte ? match(beginning.substr(1), SkippableRest) : Match::No;
}

} // namespace

std::string_view toString(Compression compression) noexcept
{
    switch (compression)
    {
    case Compression::None:
        return "none";
    case Compression::Gzip:
        return "gzip";
    case Compression::Zstd:
        return "zstd";
    case Compression::Auto:
        return "auto";
    }
    return "unknown";
}

bool isBuilt(Compression compression) noexcept
{
    switch (compression)
    {
    case Compression::Gzip:
        return WEFT_FILE_GZIP != 0;
    case Compression::Zstd:
        return WEFT_FILE_ZSTD != 0;
    default:
        return true;
    }
}

std::optional<Compression> detectCompression(std::span<const std::byte> beginning,
                                             bool isAll) noexcept
{
    const std::string_view text(reinterpret_cast<const char*>(beginning.data()), beginning.size());
    auto skippable = matchSkippable(text);
    if (skippable == Match::Yes)
    {
        return Compression::Zstd;
    }
    bool undecided = skippable == Match::SoFar;
    for (const auto& magic : GzipAndZstd)
    {
        const auto matched = match(text, magic.bytes);
        if (matched == Match::Yes)
        {
            return magic.compression;
        }
        undecided |= matched == Match::SoFar;
    }
    if (undecided && !isAll)
    {
        return std::nullopt;
    }
    return Compression::None;
}

} // namespace weft
