#pragma once

#include <weft/reactor/unix_socket.hpp>
#include <weft/sources/parameter.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace weft
{

/// How packets become one stream of bytes.
enum class PacketFraming : std::uint8_t
{
    None,    // one after the other
    Newline, // each followed by a newline
    Length,  // each behind its size, four bytes, the most significant first
};

/// What sources over Unix sockets are told, whichever side makes the connection.
struct UnixOptions
{
    static std::vector<ParameterDefinition> parameters();

    /// Throws InvalidParameter for values that contradict each other.
    explicit UnixOptions(const SourceDescriptor& descriptor);

    SocketAddress address;
    UnixSocketKind kind;
    PacketFraming framing;
    std::size_t packetBytesMax;
};

/// Fills buffers from one connection over a Unix socket at a time.
///
/// Packets are received whole, into memory of the connection's own, and then copied: a record may
/// begin in one buffer and end in the next, as in any stream.
class UnixReceiver
{
public:
    explicit UnixReceiver(const UnixOptions& unixOptions) : options(unixOptions)
    {
    }

    void begin(UnixSocket connected);

    /// As Source::fillBuffer(). A packet that is too large is an error (EMSGSIZE).
    FillStatus fillBuffer(Fill& fill);

    /// Throws SourceError.
    void close();

    const UnixSocket& connection() const noexcept
    {
        return socket;
    }

    /// "unix:/run/feed"
    std::string name() const;

private:
    FillStatus fillFromPackets(Fill& fill);
    std::span<const std::byte> frame(std::size_t sizeBytes);
    [[noreturn]] void fail(std::error_code error) const;

    UnixOptions options;
    UnixSocket socket;
    std::vector<std::byte> packet;      // with room for its frame
    std::span<const std::byte> pending; // what the buffers have had no room for yet
};

} // namespace weft
