#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// \file
/// What travels on a link after the handshake: frames, each a header of fixed size and, for a
/// message, its content.

namespace weft::mesh
{

enum class FrameKind : std::uint8_t
{
    Message = 1, // `value` is its number, one more than that of the message before
    Ping = 2,    // `value` is the sender's clock
    Pong = 3,    // `value` is that of the ping it answers
};

struct FrameHeader
{
    static constexpr std::size_t SizeBytes = 13;

    FrameKind kind = FrameKind::Message;
    std::uint32_t contentBytes = 0;
    std::uint64_t value = 0;
};

/// The most that a message may have as content.
inline constexpr std::size_t ContentBytesMax = std::size_t{64} << 10;

/// Fills the content of a message: bytes that only this number of this sender has.
void fillContent(std::span<std::byte> content, std::uint16_t sender, std::uint64_t number) noexcept;

/// Whether that is what fillContent() makes.
bool isContentOf(std::span<const std::byte> content, std::uint16_t sender,
                 std::uint64_t number) noexcept;

/// Frames one after the other, for one call that sends them all. Its memory is set aside once: a
/// ping and a message find room in an empty one, whatever the size of messages.
class FrameBatch
{
public:
    /// `contentBytes` is that of each message, at most ContentBytesMax.
    FrameBatch(std::uint16_t senderId, std::size_t contentBytes);

    void clear() noexcept
    {
        usedBytes = 0;
        messageCount = 0;
    }

    /// Whether a message still fits, or any other frame.
    bool hasRoom() const noexcept;

    /// There must be room.
    void add(FrameKind kind, std::uint64_t value) noexcept;

    std::span<const std::byte> bytes() const noexcept
    {
        return {buffer.data(), usedBytes};
    }

    std::uint64_t messages() const noexcept
    {
        return messageCount;
    }

private:
    const std::uint16_t sender;
    const std::size_t messageContentBytes;
    std::vector<std::byte> buffer;
    std::size_t usedBytes = 0;
    std::uint64_t messageCount = 0;
};

/// A frame as it has come. `content` lives until the next call of FrameReader::room().
struct Frame
{
    FrameHeader header;
    std::span<const std::byte> content;
};

/// Cuts what arrives into frames, however the network has cut it.
class FrameReader
{
public:
    FrameReader();

    /// Where to receive to, never empty. Frames must have been taken until there was none.
    std::span<std::byte> room() noexcept;

    /// So many bytes have been received there.
    void received(std::size_t sizeBytes) noexcept;

    /// The next frame; none until more is received. The failure is a text for people: what has come
    /// is no frame, and nothing behind it can be one.
    std::expected<std::optional<Frame>, std::string> next();

private:
    std::vector<std::byte> buffer;
    std::size_t beginBytes = 0; // of what has not been taken
    std::size_t endBytes = 0;
};

} // namespace weft::mesh
