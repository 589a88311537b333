#pragma once

#include "tests/sources/scripted_server.hpp"
#include "tests/sources/stream/byte_channel.hpp"
#include "tests/sources/stream/tls_peer.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weft::test
{

namespace opcode
{
inline constexpr std::uint8_t Continuation = 0;
inline constexpr std::uint8_t Text = 1;
inline constexpr std::uint8_t Binary = 2;
inline constexpr std::uint8_t Close = 8;
inline constexpr std::uint8_t Ping = 9;
inline constexpr std::uint8_t Pong = 10;
} // namespace opcode

/// A frame as a server sends it.
std::string frame(std::uint8_t opcode, std::string_view payload, bool isFinal = true);

/// One that closes.
std::string closeFrame(std::uint16_t code, std::string_view reason = {});

struct ClientFrame
{
    std::uint8_t opcode = 0;
    std::string payload;

    bool operator==(const ClientFrame&) const = default;
};

/// The server's side of a WebSocket, made of bytes, so that a test may send anything.
class WebSocketPeer
{
public:
    explicit WebSocketPeer(ByteChannel connected) : channel(std::move(connected))
    {
    }

    /// The connection outlives it.
    explicit WebSocketPeer(TcpStream& stream) : WebSocketPeer(channelOf(stream))
    {
    }

    explicit WebSocketPeer(TlsPeer& tls);

    /// Reads the request and accepts it, with more headers ("A: b\r\n") and first bytes. Returns
    /// the request; it is empty when the client has gone.
    std::string accept(std::string_view headers = {}, std::string_view firstBytes = {});

    /// Reads the request and answers so.
    void decline(std::string_view answer);

    void send(std::string_view bytes)
    {
        channel.send(bytes);
    }

    /// The client's next frame, unmasked; opcode and payload are empty when it has gone.
    ClientFrame receive();

    /// The same, skipping those that are not the close frame.
    ClientFrame awaitClose();

private:
    std::string readRequest();
    bool require(std::size_t sizeBytes);

    ByteChannel channel;
    std::string arrived;
};

} // namespace weft::test
