#include <weft/sources/source_error.hpp>
#include <weft/sources/stream/client_stream.hpp>

#include <fmt/format.h>

#include <utility>

#include <poll.h>

namespace weft
{

std::string ClientStreamSettings::peer() const
{
    return fmt::format("{}:{}", host, port);
}

ClientStream::ClientStream(const ClientStreamSettings& settings, Deadline deadline)
    : peer(settings.peer())
{
    auto connected = TcpStream::connect(settings.host, settings.port, deadline);
    if (!connected)
    {
        throw SourceError(connected.error(), fmt::format("connect to {}", peer));
    }
    if (settings.tls)
    {
        secured.emplace(std::move(*connected), settings.host, peer, *settings.tls, deadline);
    }
    else
    {
        plain = std::move(*connected);
    }
}

io::Result<std::size_t> ClientStream::receive(std::span<std::byte> buffer, Deadline deadline)
{
    if (secured)
    {
        return secured->receive(buffer, deadline);
    }
    auto received = plain.receive(buffer, deadline);
    if (!received && !gaveUp(received.error()))
    {
        throw SourceError(received.error(), fmt::format("receive from {}", peer));
    }
    return received;
}

io::Result<void> ClientStream::awaitRoom(Deadline deadline)
{
    const auto room = io::poll(tcp().descriptor(), POLLOUT, deadline);
    if (room)
    {
        return {};
    }
    if (!gaveUp(room.error()))
    {
        throw SourceError(room.error(), fmt::format("send to {}", peer));
    }
    return std::unexpected(room.error());
}

void ClientStream::sendAll(std::span<const std::byte> bytes, Deadline deadline)
{
    const auto sent = secured ? secured->sendAll(bytes, deadline) : plain.sendAll(bytes, deadline);
    if (!sent)
    {
        throw SourceError(sent.error(), fmt::format("send to {}", peer));
    }
}

io::Result<void> ClientStream::close()
{
    if (secured)
    {
        auto closed = secured->close();
        secured.reset();
        return closed;
    }
    return plain.close();
}

std::string ClientStream::describe() const
{
    return fmt::format("{} -> {}", tcp().localAddress().toString(), tcp().peerAddress().toString());
}

const TcpStream& ClientStream::tcp() const noexcept
{
    return secured ? secured->tcp() : plain;
}

} // namespace weft
