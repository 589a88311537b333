#include <weft/reactor/machine.hpp>
#include <weft/reactor/tcp.hpp>

#include <cerrno>

#include <sys/socket.h>

namespace weft
{

namespace
{

io::Result<OwnedDescriptor> makeSocket(int family)
{
    // Blocking mode: io_uring then waits by itself where it would otherwise answer EAGAIN.
    const int socket = Machine::current().socket(family, SOCK_STREAM | SOCK_CLOEXEC);
    if (socket < 0)
    {
        return std::unexpected(errnoError(-socket));
    }
    return OwnedDescriptor(socket);
}

} // namespace

io::Result<TcpStream> TcpStream::connect(const SocketAddress& address, Deadline deadline)
{
    auto socket = makeSocket(address.family());
    if (!socket)
    {
        return std::unexpected(socket.error());
    }
    if (const auto connected = io::connect(socket->get(), address, deadline); !connected)
    {
        return std::unexpected(connected.error());
    }
    return TcpStream(std::move(*socket));
}

io::Result<TcpStream> TcpStream::connect(const std::string& host, std::uint16_t port,
                                         Deadline deadline)
{
    const auto addresses = resolve(host, port, deadline);
    if (!addresses)
    {
        return std::unexpected(addresses.error());
    }
    io::Result<TcpStream> stream = std::unexpected(errnoError(EADDRNOTAVAIL));
    bool tried = false;
    for (const auto& address : *addresses)
    {
        auto attempt = connect(address, deadline);
        if (attempt || gaveUp(attempt.error()))
        {
            return attempt;
        }
        // An address that this machine cannot use says nothing about the peer: it must not hide
        // what became of the others.
        if (!tried || attempt.error() != std::errc::address_family_not_supported)
        {
            tried = true;
            stream = std::move(attempt);
        }
    }
    return stream;
}

void TcpStream::delayAcknowledgements() const noexcept
{
    Machine::current().delayAcknowledgements(descriptor());
}

io::Result<TcpListener> TcpListener::listen(const SocketAddress& address, int backlog,
                                            bool sharedPort)
{
    auto socket = makeSocket(address.family());
    if (!socket)
    {
        return std::unexpected(socket.error());
    }
    const int yes = 1;
    ::setsockopt(socket->get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (sharedPort)
    {
        ::setsockopt(socket->get(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes));
    }
    if (::bind(socket->get(), address.data(), address.size()) != 0 ||
        ::listen(socket->get(), backlog) != 0)
    {
        return std::unexpected(errnoError(errno));
    }
    TcpListener listener;
    listener.socket = std::move(*socket);
    return listener;
}

io::Result<TcpStream> TcpListener::accept(Deadline deadline) const
{
    auto accepted = io::accept(socket.get(), nullptr, deadline);
    if (!accepted)
    {
        return std::unexpected(accepted.error());
    }
    return TcpStream(std::move(*accepted));
}

SocketAddress TcpListener::localAddress() const noexcept
{
    SocketAddress address;
    Machine::current().getsockname(socket.get(), address);
    return address;
}

io::Result<void> TcpListener::close()
{
    return io::close(std::move(socket));
}

} // namespace weft
