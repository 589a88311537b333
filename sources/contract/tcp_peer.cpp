#include <weft/sources/contract/system_call.hpp>
#include <weft/sources/contract/tcp_peer.hpp>

#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace weft::contract
{

namespace
{

OwnedDescriptor tcpSocket()
{
    return OwnedDescriptor(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
}

/// On loopback, at a port that the kernel chooses.
OwnedDescriptor boundSocket()
{
    auto socket = tcpSocket();
    const auto any = *SocketAddress::parse("127.0.0.1", 0);
    checked(::bind(socket.get(), any.data(), any.size()), "bind");
    return socket;
}

/// A port that a listener may have, too, while nobody else is given it.
OwnedDescriptor sharedSocket()
{
    auto socket = tcpSocket();
    const int yes = 1;
    checked(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), "setsockopt");
    const auto any = *SocketAddress::parse("127.0.0.1", 0);
    checked(::bind(socket.get(), any.data(), any.size()), "bind");
    return socket;
}

SocketAddress addressOf(const OwnedDescriptor& socket)
{
    SocketAddress address;
    auto size = SocketAddress::capacity();
    checked(::getsockname(socket.get(), address.data(), &size), "getsockname");
    address.setSize(size);
    return address;
}

constexpr const char* Loopback = "127.0.0.1";

} // namespace

TcpPeer::TcpPeer() : ServerPeer(boundSocket())
{
    // For its connections: what is written in parts leaves in parts, and at once.
    const int on = 1;
    checked(::setsockopt(listener.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), "setsockopt");
    checked(::listen(listener.get(), 16), "listen");
}

ParameterTexts TcpPeer::configuration()
{
    return parameters(Loopback, port());
}

std::optional<ParameterTexts> TcpPeer::unreachable()
{
    // Bound, so that nobody else gets the port, and not listening: connections are refused.
    refusing = boundSocket();
    return parameters(Loopback, addressOf(refusing).port());
}

std::optional<ParameterTexts> TcpPeer::unanswering()
{
    // A queue of zero holds one connection; when it is full the kernel answers no other one.
    silent = boundSocket();
    checked(::listen(silent.get(), 0), "listen");
    const auto address = addressOf(silent);
    waiting = tcpSocket();
    checked(::connect(waiting.get(), address.data(), address.size()), "connect");
    return parameters(Loopback, address.port());
}

std::optional<ParameterTexts> TcpPeer::atSimulatedAddress(const std::string& host,
                                                          std::uint16_t port)
{
    return parameters(host, port);
}

bool TcpPeer::reset()
{
    closeByReset(connection);
    return true;
}

std::uint16_t TcpPeer::port() const
{
    return addressOf(listener).port();
}

TcpClientPeer::TcpClientPeer() : TcpClientPeer(sharedSocket())
{
}

TcpClientPeer::TcpClientPeer(OwnedDescriptor sharingSocket)
    : ClientPeer(addressOf(sharingSocket), SOCK_STREAM),
      holder(std::move(sharingSocket))
{
}

TcpClientPeer::TcpClientPeer(const TcpClientPeer& first) : ClientPeer(first.address, SOCK_STREAM)
{
}

ParameterTexts TcpClientPeer::configuration()
{
    return parameters(Loopback, address.port());
}

std::optional<ParameterTexts> TcpClientPeer::unreachable()
{
    taken = boundSocket();
    checked(::listen(taken.get(), 1), "listen");
    return parameters(Loopback, addressOf(taken).port());
}

bool TcpClientPeer::reset()
{
    closeByReset(connection);
    return true;
}

} // namespace weft::contract
