#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/tcp_peer.hpp>

#include <array>
#include <cerrno>
#include <system_error>

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace weft::contract
{

namespace
{

int checked(int result, const char* call)
{
    if (result < 0)
    {
        throw std::system_error(errno, std::system_category(), call);
    }
    return result;
}

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

SocketAddress addressOf(const OwnedDescriptor& socket)
{
    SocketAddress address;
    auto size = SocketAddress::capacity();
    checked(::getsockname(socket.get(), address.data(), &size), "getsockname");
    address.setSize(size);
    return address;
}

void limitWaits(int socket)
{
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(patience()).count();
    const timeval limit = {.tv_sec = seconds, .tv_usec = 0};
    checked(::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), "setsockopt");
    checked(::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), "setsockopt");
}

constexpr const char* Loopback = "127.0.0.1";

} // namespace

TcpPeer::TcpPeer() : listener(boundSocket())
{
    checked(::listen(listener.get(), 16), "listen");
    limitWaits(listener.get());
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

bool TcpPeer::awaitSource()
{
    connection = OwnedDescriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection)
    {
        return false;
    }
    limitWaits(connection.get());
    return greet();
}

bool TcpPeer::send(std::string_view record)
{
    return write(delivered(record));
}

bool TcpPeer::end()
{
    return ::shutdown(connection.get(), SHUT_WR) == 0;
}

bool TcpPeer::reset()
{
    // RFC 9293, 3.10.4, by SO_LINGER of zero.
    const linger atOnce = {.l_onoff = 1, .l_linger = 0};
    checked(::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce)),
            "setsockopt");
    connection = OwnedDescriptor();
    return true;
}

bool TcpPeer::write(std::string_view bytes) const
{
    while (!bytes.empty())
    {
        const auto count = ::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0)
        {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

std::string TcpPeer::read() const
{
    std::array<char, 4096> bytes;
    const auto count = ::recv(connection.get(), bytes.data(), bytes.size(), 0);
    return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
}

std::uint16_t TcpPeer::port() const
{
    return addressOf(listener).port();
}

} // namespace weft::contract
