#include <weft/reactor/machine.hpp>
#include <weft/reactor/unix_socket.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace weft
{

namespace
{

int socketType(UnixSocketKind kind) noexcept
{
    return kind == UnixSocketKind::Stream ? SOCK_STREAM : SOCK_SEQPACKET;
}

io::Result<OwnedDescriptor> makeSocket(UnixSocketKind kind)
{
    // Blocking mode: io_uring then waits by itself where it would otherwise answer EAGAIN.
    const int socket = Machine::current().socket(AF_UNIX, socketType(kind) | SOCK_CLOEXEC);
    if (socket < 0)
    {
        return std::unexpected(errnoError(-socket));
    }
    return OwnedDescriptor(socket);
}

/// Empty for an abstract name.
std::string pathOf(const SocketAddress& address)
{
    const auto& unixAddress = *reinterpret_cast<const sockaddr_un*>(address.data());
    return unixAddress.sun_path;
}

/// Whether no process has the socket at this path any more. Asked with a socket of a kind that
/// cannot be connected to a listening one: who listens sees nothing of it.
bool isStale(const SocketAddress& address) noexcept
{
    const OwnedDescriptor probe(
        Machine::current().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK));
    return probe && ::connect(probe.get(), address.data(), address.size()) != 0 &&
           errno == ECONNREFUSED;
}

/// The error, an errno; zero when it has the address.
int bindTo(int socket, const SocketAddress& address)
{
    if (::bind(socket, address.data(), address.size()) == 0)
    {
        return 0;
    }
    const int error = errno;
    const auto path = pathOf(address);
    struct stat status = {};
    if (error != EADDRINUSE || path.empty() || ::lstat(path.c_str(), &status) != 0)
    {
        return error;
    }
    if (!S_ISSOCK(status.st_mode))
    {
        return EEXIST;
    }
    if (!isStale(address))
    {
        return EADDRINUSE;
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    {
        return errno;
    }
    return ::bind(socket, address.data(), address.size()) == 0 ? 0 : errno;
}

} // namespace

UnixSocket::UnixSocket(OwnedDescriptor connected, UnixSocketKind kind) noexcept
    : StreamSocket(std::move(connected))
{
    if (kind == UnixSocketKind::Packets)
    {
        // Each packet then comes with its sender's credentials, an empty one too; the end of the
        // stream, which is zero bytes just so, does not.
        const int yes = 1;
        ::setsockopt(descriptor(), SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes));
    }
}

io::Result<UnixSocket> UnixSocket::connect(const SocketAddress& address, UnixSocketKind kind,
                                           Deadline deadline)
{
    constexpr auto PauseWhileFull = std::chrono::milliseconds(5);
    for (;;)
    {
        auto socket = makeSocket(kind);
        if (!socket)
        {
            return std::unexpected(socket.error());
        }
        const auto connected = io::connect(socket->get(), address, deadline);
        if (connected)
        {
            return UnixSocket(std::move(*socket), kind);
        }
        // Where the engine does not wait, the kernel has no event for a place in the queue.
        if (connected.error() != errnoError(EAGAIN))
        {
            return std::unexpected(connected.error());
        }
        if (io::after(PauseWhileFull) >= deadline)
        {
            return std::unexpected(make_error_code(IoError::DeadlineExpired));
        }
        if (const auto slept = io::sleepFor(PauseWhileFull); !slept)
        {
            return std::unexpected(slept.error());
        }
    }
}

io::Result<std::optional<std::size_t>> UnixSocket::receivePacket(std::span<std::byte> buffer,
                                                                 Deadline deadline) const
{
    iovec vector = {.iov_base = buffer.data(), .iov_len = buffer.size()};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(ucred))> credentials;
    msghdr message = {};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = credentials.data();
    message.msg_controllen = credentials.size();
    const auto received = io::recvmsg(descriptor(), message, MSG_TRUNC, deadline);
    if (!received)
    {
        return std::unexpected(received.error());
    }
    if (*received == 0 && message.msg_controllen == 0)
    {
        return std::nullopt;
    }
    return *received;
}

io::Result<UnixListener> UnixListener::listen(const SocketAddress& address, UnixSocketKind kind,
                                              int backlog)
{
    auto made = makeSocket(kind);
    if (!made)
    {
        return std::unexpected(made.error());
    }
    UnixListener listener;
    listener.socket = std::move(*made);
    listener.kind = kind;
    if (const int error = bindTo(listener.descriptor(), address); error != 0)
    {
        return std::unexpected(errnoError(error));
    }
    struct stat status = {};
    auto path = pathOf(address);
    if (!path.empty() && ::lstat(path.c_str(), &status) == 0)
    {
        listener.file = {.path = std::move(path), .device = status.st_dev, .inode = status.st_ino};
    }
    if (::listen(listener.descriptor(), backlog) != 0)
    {
        return std::unexpected(errnoError(errno));
    }
    return listener;
}

UnixListener::UnixListener(UnixListener&& other) noexcept
    : socket(std::move(other.socket)),
      kind(other.kind),
      file(std::exchange(other.file, std::nullopt))
{
}

UnixListener& UnixListener::operator=(UnixListener&& other) noexcept
{
    if (this != &other)
    {
        removeFile();
        socket = std::move(other.socket);
        kind = other.kind;
        file = std::exchange(other.file, std::nullopt);
    }
    return *this;
}

UnixListener::~UnixListener()
{
    removeFile();
}

io::Result<UnixSocket> UnixListener::accept(Deadline deadline) const
{
    auto accepted = io::accept(socket.get(), nullptr, deadline);
    if (!accepted)
    {
        return std::unexpected(accepted.error());
    }
    return UnixSocket(std::move(*accepted), kind);
}

SocketAddress UnixListener::localAddress() const noexcept
{
    SocketAddress address;
    Machine::current().getsockname(socket.get(), address);
    return address;
}

io::Result<void> UnixListener::close()
{
    // First, so that nobody finds the name without a listener.
    removeFile();
    return io::close(std::move(socket));
}

void UnixListener::removeFile() noexcept
{
    struct stat status = {};
    if (file && ::lstat(file->path.c_str(), &status) == 0 && status.st_dev == file->device &&
        status.st_ino == file->inode)
    {
        ::unlink(file->path.c_str());
    }
    file.reset();
}

} // namespace weft
