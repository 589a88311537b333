#pragma once

#include <weft/reactor/io.hpp>
#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/socket_address.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace weft
{

/// A connection, of whatever family. Calls behave as those in io.hpp; two fibers may use it at once
/// when one only receives and the other only sends.
class StreamSocket
{
public:
    /// Owns nothing.
    StreamSocket() noexcept = default;

    explicit StreamSocket(OwnedDescriptor connected) noexcept : socket(std::move(connected))
    {
    }

    bool isOpen() const noexcept
    {
        return static_cast<bool>(socket);
    }

    int descriptor() const noexcept
    {
        return socket.get();
    }

    /// What has arrived, at least one byte; zero when the peer has ended the stream. Suspends.
    io::Result<std::size_t> receive(std::span<std::byte> buffer,
                                    Deadline deadline = NoDeadline) const;

    /// The same into several buffers, filled in order. `flags` as for recvmsg(2): with MSG_DONTWAIT
    /// the error is EAGAIN when nothing has arrived.
    io::Result<std::size_t> receive(std::span<const iovec> buffers, Deadline deadline = NoDeadline,
                                    int flags = 0) const;

    /// Sends at least one byte. Suspends.
    io::Result<std::size_t> send(std::span<const std::byte> bytes,
                                 Deadline deadline = NoDeadline) const;

    /// Sends everything, or tells why not; how much had gone is then unknown. Suspends.
    io::Result<void> sendAll(std::span<const std::byte> bytes,
                             Deadline deadline = NoDeadline) const;

    /// Tells the peer that no more comes. Suspends.
    io::Result<void> shutdownSend() const;

    /// Suspends.
    io::Result<void> close();

    SocketAddress localAddress() const noexcept;
    SocketAddress peerAddress() const noexcept;

private:
    OwnedDescriptor socket;
};

} // namespace weft
