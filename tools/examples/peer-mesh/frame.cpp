#include "frame.hpp"

#include <weft/memory/assert.hpp>

#include "wire.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weft::mesh
{

namespace
{

constexpr std::size_t FrameBytesMax = FrameHeader::SizeBytes + ContentBytesMax;

/// One byte of the content of a message, from its place in it.
std::byte contentByte(std::uint16_t sender, std::uint64_t number, std::size_t place) noexcept
{
    constexpr std::uint64_t Spread = 31; // so that neighbours differ in every byte
    return static_cast<std::byte>(sender + number * Spread + place);
}

std::expected<FrameHeader, std::string>
decodeHeader(std::span<const std::byte, FrameHeader::SizeBytes> bytes)
{
    WireReader reader(bytes);
    const auto kind = reader.take<std::uint8_t>();
    FrameHeader header;
    header.contentBytes = reader.take<std::uint32_t>();
    header.value = reader.take<std::uint64_t>();
    if (kind < static_cast<std::uint8_t>(FrameKind::Message) ||
        kind > static_cast<std::uint8_t>(FrameKind::Pong))
    {
        return std::unexpected(fmt::format("there is no frame of kind {}", kind));
    }
    header.kind = static_cast<FrameKind>(kind);
    const auto contentMax = header.kind == FrameKind::Message ? ContentBytesMax : 0;
    if (header.contentBytes > contentMax)
    {
        return std::unexpected(fmt::format("a frame of kind {} with {} bytes; allowed: {}", kind,
                                           header.contentBytes, contentMax));
    }
    return header;
}

} // namespace

void fillContent(std::span<std::byte> content, std::uint16_t sender, std::uint64_t number) noexcept
{
    for (std::size_t place = 0; place < content.size(); ++place)
    {
        content[place] = contentByte(sender, number, place);
    }
}

bool isContentOf(std::span<const std::byte> content, std::uint16_t sender,
                 std::uint64_t number) noexcept
{
    for (std::size_t place = 0; place < content.size(); ++place)
    {
        if (content[place] != contentByte(sender, number, place))
        {
            return false;
        }
    }
    return true;
}

FrameBatch::FrameBatch(std::uint16_t senderId, std::size_t contentBytes)
    : sender(senderId),
      messageContentBytes(contentBytes),
      buffer(FrameHeader::SizeBytes + FrameBytesMax)
{
    WEFT_ASSERT(contentBytes <= ContentBytesMax);
}

bool FrameBatch::hasRoom() const noexcept
{
    return buffer.size() - usedBytes >= FrameHeader::SizeBytes + messageContentBytes;
}

void FrameBatch::add(FrameKind kind, std::uint64_t value) noexcept
{
    WEFT_ASSERT(hasRoom());
    const auto rest = std::span(buffer).subspan(usedBytes);
    const auto contentBytes = kind == FrameKind::Message ? messageContentBytes : 0;
    WireWriter writer(rest);
    writer.put(static_cast<std::uint8_t>(kind));
    writer.put(static_cast<std::uint32_t>(contentBytes));
    writer.put(value);
    if (kind == FrameKind::Message)
    {
        fillContent(rest.subspan(FrameHeader::SizeBytes, contentBytes), sender, value);
        ++messageCount;
    }
    usedBytes += FrameHeader::SizeBytes + contentBytes;
}

FrameReader::FrameReader() : buffer(2 * FrameBytesMax)
{
}

std::span<std::byte> FrameReader::room() noexcept
{
    // What is left is less than one frame: it goes to the front, and as much again fits behind it.
    std::copy(buffer.data() + beginBytes, buffer.data() + endBytes, buffer.data());
    endBytes -= beginBytes;
    beginBytes = 0;
    WEFT_ASSERT(endBytes < FrameBytesMax);
    return std::span(buffer).subspan(endBytes);
}

void FrameReader::received(std::size_t sizeBytes) noexcept
{
    endBytes += sizeBytes;
    WEFT_ASSERT(endBytes <= buffer.size());
}

std::expected<std::optional<Frame>, std::string> FrameReader::next()
{
    const auto bytes =
        std::span<const std::byte>(buffer).subspan(beginBytes, endBytes - beginBytes);
    if (bytes.size() < FrameHeader::SizeBytes)
    {
        return std::nullopt;
    }
    const auto header = decodeHeader(bytes.first<FrameHeader::SizeBytes>());
    if (!header)
    {
        return std::unexpected(header.error());
    }
    const auto behindHeader = bytes.subspan(FrameHeader::SizeBytes);
    if (behindHeader.size() < header->contentBytes)
    {
        return std::nullopt;
    }
    beginBytes += FrameHeader::SizeBytes + header->contentBytes;
    return Frame{.header = *header, .content = behindHeader.first(header->contentBytes)};
}

} // namespace weft::mesh
