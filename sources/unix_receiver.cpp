#include <weft/sources/fill_from_stream.hpp>
#include <weft/sources/printable_text.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/unix_receiver.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace weft
{

namespace
{

constexpr std::size_t PrefixBytes = 4;
constexpr std::size_t NewlineBytes = 1;

SocketAddress addressOf(const SourceDescriptor& descriptor)
{
    const auto& path = descriptor.text("path");
    const auto address = SocketAddress::parseUnix(path);
    if (!address)
    {
        throw InvalidParameter(
            "path", fmt::format("is '{}'; allowed: a path, or @ and a name in the abstract "
                                "namespace, of at most {} bytes",
                                path, SocketAddress::UnixNameBytesMax));
    }
    return *address;
}

PacketFraming framingOf(const SourceDescriptor& descriptor)
{
    const auto& text = descriptor.text("framing");
    return text == "newline"  ? PacketFraming::Newline
           : text == "length" ? PacketFraming::Length
                              : PacketFraming::None;
}

} // namespace

std::vector<ParameterDefinition> UnixOptions::parameters()
{
    return {
        {.name = "path",
         .help = "path of the socket, or @ and its name in the abstract namespace",
         .most = SocketAddress::UnixNameBytesMax},
        {.name = "socket",
         .defaultValue = "stream",
         .help = "stream: bytes; seqpacket: packets, each a record",
         .choices = {"stream", "seqpacket"}},
        {.name = "framing",
         .defaultValue = "none",
         .help = "how packets are told apart: not at all, by a newline after each, or by the "
                 "length before each (4 bytes, the most significant first)",
         .choices = {"none", "newline", "length"}},
        {.name = "packet_size_max",
         .type = ParameterType::Size,
         .defaultValue = "64KiB",
         .help = "a larger packet is an error",
         .least = 1,
         .most = 64 << 20},
    };
}

UnixOptions::UnixOptions(const SourceDescriptor& descriptor)
    : address(addressOf(descriptor)),
      kind(descriptor.text("socket") == "stream" ? UnixSocketKind::Stream
                                                 : UnixSocketKind::Packets),
      framing(framingOf(descriptor)),
      packetBytesMax(descriptor.sizeBytes("packet_size_max"))
{
    if (kind == UnixSocketKind::Stream && framing != PacketFraming::None)
    {
        throw InvalidParameter("framing",
                               fmt::format("is '{}', but a stream has no packets; allowed: none, "
                                           "or socket: seqpacket with it",
                                           descriptor.text("framing")));
    }
}

void UnixReceiver::begin(UnixSocket connected)
{
    socket = std::move(connected);
    pending = {};
    if (options.kind == UnixSocketKind::Packets)
    {
        packet.resize(PrefixBytes + options.packetBytesMax + NewlineBytes);
    }
}

FillStatus UnixReceiver::fillBuffer(Fill& fill)
{
    if (options.kind == UnixSocketKind::Packets)
    {
        return fillFromPackets(fill);
    }
    const auto status = fillFromStream(fill, socket);
    if (!status)
    {
        fail(status.error());
    }
    return *status;
}

FillStatus UnixReceiver::fillFromPackets(Fill& fill)
{
    while (fill.wantsMore())
    {
        if (pending.empty())
        {
            const auto room = std::span(packet).subspan(PrefixBytes, options.packetBytesMax);
            const auto received = socket.receivePacket(room, fill.deadline());
            if (!received && gaveUp(received.error()))
            {
                break;
            }
            if (!received)
            {
                fail(received.error());
            }
            if (!*received)
            {
                return FillStatus::EndOfStream;
            }
            pending = frame(**received);
        }
        const auto rest = fill.rest();
        const auto part = pending.first(std::min(rest.size(), pending.size()));
        std::ranges::copy(part, rest.begin());
        fill.advance(part.size());
        pending = pending.subspan(part.size());
    }
    return FillStatus::More;
}

/// The record that has been received behind the place for its prefix.
std::span<const std::byte> UnixReceiver::frame(std::size_t sizeBytes)
{
    if (sizeBytes > options.packetBytesMax)
    {
        throw SourceError(
            errnoError(EMSGSIZE),
            fmt::format("receive from {} a packet of {} bytes, more than packet_size_max allows "
                        "({})",
                        name(), sizeBytes, options.packetBytesMax));
    }
    const auto record = std::span(packet);
    switch (options.framing)
    {
    case PacketFraming::None:
        break;
    case PacketFraming::Newline:
        record[PrefixBytes + sizeBytes] = std::byte{'\n'};
        return record.subspan(PrefixBytes, sizeBytes + 1);
    case PacketFraming::Length:
        for (std::size_t index = 0; index < PrefixBytes; ++index)
        {
            record[index] =
                static_cast<std::byte>(sizeBytes >> (CHAR_BIT * (PrefixBytes - 1 - index)));
        }
        return record.first(PrefixBytes + sizeBytes);
    }
    return record.subspan(PrefixBytes, sizeBytes);
}

void UnixReceiver::close()
{
    if (const auto closed = socket.close(); !closed)
    {
        throw SourceError(closed.error(), fmt::format("close connection to {}", name()));
    }
}

std::string UnixReceiver::name() const
{
    return printable(options.address.toString());
}

void UnixReceiver::fail(std::error_code error) const
{
    throw SourceError(error, fmt::format("receive from {}", name()));
}

} // namespace weft
