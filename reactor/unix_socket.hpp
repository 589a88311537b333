#pragma once

#include <weft/reactor/stream_socket.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <sys/types.h>

namespace weft
{

enum class UnixSocketKind : std::uint8_t
{
    Stream,
    Packets, // SOCK_SEQPACKET: as a stream, with the boundaries of what was sent kept
};

/// A connection over a Unix socket.
class UnixSocket : public StreamSocket
{
public:
    /// Owns nothing.
    UnixSocket() noexcept = default;

    /// Of the kind that the listener has.
    UnixSocket(OwnedDescriptor connected, UnixSocketKind kind) noexcept;

    /// A queue of connections that is full is waited for. Suspends.
    static io::Result<UnixSocket> connect(const SocketAddress& address, UnixSocketKind kind,
                                          Deadline deadline = NoDeadline);

    /// The size of the next packet, of which the buffer has the beginning (what does not fit is
    /// lost), or nothing when the peer has ended the stream: a packet may be empty. Of a connection
    /// with packets only. Suspends.
    io::Result<std::optional<std::size_t>> receivePacket(std::span<std::byte> buffer,
                                                         Deadline deadline = NoDeadline) const;
};

/// A listening Unix socket. Its file is removed when it is closed or destroyed.
class UnixListener
{
public:
    static constexpr int DefaultBacklog = 4096;

    UnixListener() noexcept = default;

    /// Takes the place of a socket file that a dead process has left. EADDRINUSE when a process
    /// listens there, EEXIST when the path is something else than a socket. Does not suspend.
    static io::Result<UnixListener> listen(const SocketAddress& address, UnixSocketKind kind,
                                           int backlog = DefaultBacklog);

    UnixListener(UnixListener&& other) noexcept;
    UnixListener& operator=(UnixListener&& other) noexcept;
    ~UnixListener();

    /// Suspends.
    io::Result<UnixSocket> accept(Deadline deadline = NoDeadline) const;

    SocketAddress localAddress() const noexcept;

    int descriptor() const noexcept
    {
        return socket.get();
    }

    /// Stops listening; an accept() that waits must be stopped first. Suspends.
    io::Result<void> close();

private:
    /// The file that was made, by which another one in its place is left alone.
    struct File
    {
        std::string path;
        dev_t device = 0;
        ino_t inode = 0;
    };

    void removeFile() noexcept;

    OwnedDescriptor socket;
    UnixSocketKind kind = UnixSocketKind::Stream;
    std::optional<File> file; // none for an abstract name
};

} // namespace weft
