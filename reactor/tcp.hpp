#pragma once

#include <weft/reactor/io.hpp>
#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/reactor/stream_socket.hpp>

#include <cstdint>
#include <string>

namespace weft
{

/// A TCP connection.
class TcpStream : public StreamSocket
{
public:
    using StreamSocket::StreamSocket;

    /// Suspends.
    static io::Result<TcpStream> connect(const SocketAddress& address,
                                         Deadline deadline = NoDeadline);

    /// Resolves the host and tries its addresses in turn. The error is that of the resolution, or
    /// of the last address of a family that this machine has. Suspends.
    static io::Result<TcpStream> connect(const std::string& host, std::uint16_t port,
                                         Deadline deadline = NoDeadline);

    /// Lets the kernel put acknowledgements off (TCP_QUICKACK 0, tcp(7)), for some 40 ms, where it
    /// would otherwise send one for each receive that empties the queue. Where nothing else comes
    /// in that time the kernel goes back to its own ways by itself. A sender without TCP_NODELAY,
    /// which waits for acknowledgements, is held up by it. Does not suspend.
    void delayAcknowledgements() const noexcept;
};

/// A listening TCP socket.
class TcpListener
{
public:
    static constexpr int DefaultBacklog = 4096;

    TcpListener() noexcept = default;

    /// Port zero lets the kernel choose: see localAddress(). With `sharedPort` others that say so,
    /// too, may listen on the same port (SO_REUSEPORT): the kernel gives each some of the
    /// connections. Does not suspend.
    static io::Result<TcpListener> listen(const SocketAddress& address,
                                          int backlog = DefaultBacklog, bool sharedPort = false);

    /// Suspends.
    io::Result<TcpStream> accept(Deadline deadline = NoDeadline) const;

    SocketAddress localAddress() const noexcept;

    int descriptor() const noexcept
    {
        return socket.get();
    }

    /// Stops listening; an accept() that waits must be stopped first. Suspends.
    io::Result<void> close();

private:
    OwnedDescriptor socket;
};

} // namespace weft
