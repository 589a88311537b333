#include <weft/reactor/machine.hpp>
#include <weft/reactor/stream_socket.hpp>

#include <sys/socket.h>

namespace weft
{

io::Result<std::size_t> StreamSocket::receive(std::span<std::byte> buffer, Deadline deadline) const
{
    return io::recv(socket.get(), buffer, 0, deadline);
}

io::Result<std::size_t> StreamSocket::receive(std::span<const iovec> buffers, Deadline deadline,
                                              int flags) const
{
    if (buffers.size() == 1)
    {
        const auto& only = buffers.front();
        return io::recv(socket.get(), {static_cast<std::byte*>(only.iov_base), only.iov_len}, flags,
                        deadline);
    }
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(buffers.data());
    message.msg_iovlen = buffers.size();
    return io::recvmsg(socket.get(), message, flags, deadline);
}

io::Result<std::size_t> StreamSocket::send(std::span<const std::byte> bytes,
                                           Deadline deadline) const
{
    return io::send(socket.get(), bytes, 0, deadline);
}

io::Result<void> StreamSocket::sendAll(std::span<const std::byte> bytes, Deadline deadline) const
{
    while (!bytes.empty())
    {
        const auto sent = send(bytes, deadline);
        if (!sent)
        {
            return std::unexpected(sent.error());
        }
        bytes = bytes.subspan(*sent);
    }
    return {};
}

io::Result<void> StreamSocket::shutdownSend() const
{
    return io::shutdown(socket.get(), SHUT_WR);
}

io::Result<void> StreamSocket::close()
{
    return io::close(std::move(socket));
}

SocketAddress StreamSocket::localAddress() const noexcept
{
    SocketAddress address;
    Machine::current().getsockname(socket.get(), address);
    return address;
}

SocketAddress StreamSocket::peerAddress() const noexcept
{
    SocketAddress address;
    Machine::current().getpeername(socket.get(), address);
    return address;
}

} // namespace weft
