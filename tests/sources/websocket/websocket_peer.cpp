#include "tests/sources/websocket/websocket_peer.hpp"

#include <array>

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace weft::test
{

namespace
{

std::string bigEndian(std::uint64_t value, std::size_t sizeBytes)
{
    std::string bytes;
    for (auto index = sizeBytes; index > 0; --index)
    {
        bytes += static_cast<char>(value >> (index - 1) * 8);
    }
    return bytes;
}

std::uint64_t numberIn(std::string_view bytes)
{
    std::uint64_t value = 0;
    for (const char byte : bytes)
    {
        value = value << 8 | static_cast<unsigned char>(byte);
    }
    return value;
}

std::string valueOf(std::string_view header, std::string_view request)
{
    const auto begin = request.find(std::string(header) + ": ") + header.size() + 2;
    return std::string(request.substr(begin, request.find("\r\n", begin) - begin));
}

/// RFC 6455, 4.2.2.
std::string acceptKey(const std::string& key)
{
    const auto text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::array<unsigned char, 64> encoded;
    const auto size = EVP_EncodeBlock(encoded.data(), digest.data(), digest.size());
    return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}

} // namespace

std::string frame(std::uint8_t opcode, std::string_view payload, bool isFinal)
{
    std::string bytes(1, static_cast<char>(opcode | (isFinal ? 0x80 : 0)));
    if (payload.size() < 126)
    {
        bytes += static_cast<char>(payload.size());
    }
    else if (payload.size() < 65536)
    {
        bytes += static_cast<char>(126) + bigEndian(payload.size(), 2);
    }
    else
    {
        bytes += static_cast<char>(127) + bigEndian(payload.size(), 8);
    }
    return bytes.append(payload);
}

std::string closeFrame(std::uint16_t code, std::string_view reason)
{
    return frame(opcode::Close, bigEndian(code, 2).append(reason));
}

WebSocketPeer::WebSocketPeer(TlsPeer& tls)
    : WebSocketPeer(ByteChannel{.send =
                                    [&tls](std::string_view bytes)
                                {
                                    tls.send(bytes);
                                },
                                .receive =
                                    [&tls]
                                {
                                    return tls.receive();
                                }})
{
}

std::string WebSocketPeer::readRequest()
{
    auto end = std::string::npos;
    while ((end = arrived.find("\r\n\r\n")) == std::string::npos)
    {
        const auto more = channel.receive();
        if (more.empty())
        {
            return {};
        }
        arrived += more;
    }
    auto request = arrived.substr(0, end + 4);
    arrived.erase(0, request.size());
    return request;
}

std::string WebSocketPeer::accept(std::string_view headers, std::string_view firstBytes)
{
    auto request = readRequest();
    if (request.empty())
    {
        return {};
    }
    auto answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                  "Upgrade\r\nSec-WebSocket-Accept: " +
                  acceptKey(valueOf("Sec-WebSocket-Key", request)) + "\r\n";
    channel.send(answer.append(headers).append("\r\n").append(firstBytes));
    return request;
}

void WebSocketPeer::decline(std::string_view answer)
{
    readRequest();
    channel.send(answer);
}

bool WebSocketPeer::require(std::size_t sizeBytes)
{
    while (arrived.size() < sizeBytes)
    {
        const auto more = channel.receive();
        if (more.empty())
        {
            return false;
        }
        arrived += more;
    }
    return true;
}

ClientFrame WebSocketPeer::receive()
{
    constexpr std::size_t MaskBytes = 4;
    if (!require(2))
    {
        return {};
    }
    const auto length = static_cast<unsigned char>(arrived[1]) & 0x7fU;
    const std::size_t lengthBytes = length == 126 ? 2 : length == 127 ? 8 : 0;
    const auto headerBytes = 2 + lengthBytes + MaskBytes;
    if (!require(headerBytes))
    {
        return {};
    }
    const auto payloadBytes =
        lengthBytes == 0 ? length : numberIn(std::string_view(arrived).substr(2, lengthBytes));
    if (!require(headerBytes + payloadBytes))
    {
        return {};
    }
    ClientFrame received{.opcode = static_cast<std::uint8_t>(arrived[0] & 0x0f),
                         .payload = arrived.substr(headerBytes, payloadBytes)};
    for (std::size_t index = 0; index < payloadBytes; ++index)
    {
        received.payload[index] ^= arrived[headerBytes - MaskBytes + index % MaskBytes];
    }
    arrived.erase(0, headerBytes + payloadBytes);
    return received;
}

ClientFrame WebSocketPeer::awaitClose()
{
    for (;;)
    {
        auto received = receive();
        if (received.opcode == opcode::Close || received == ClientFrame())
        {
            return received;
        }
    }
}

} // namespace weft::test
