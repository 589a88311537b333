#include <weft/reactor/io_error.hpp>
#include <weft/reactor/perform.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace weft
{

namespace
{

/// The result of poll(2), or a negated errno; -ETIME when the deadline has passed.
int pollUntil(int descriptor, int events, Deadline deadline) noexcept
{
    for (;;)
    {
        int timeoutMilliseconds = -1;
        if (deadline != NoDeadline)
        {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
            timeoutMilliseconds = static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
        }
        pollfd entry = {.fd = descriptor, .events = static_cast<short>(events), .revents = 0};
        const int count = ::poll(&entry, 1, timeoutMilliseconds);
        if (count > 0)
        {
            return entry.revents;
        }
        if (count == 0 && timeoutMilliseconds != INT_MAX)
        {
            return -ETIME;
        }
        if (count < 0 && errno != EINTR)
        {
            return -errno;
        }
    }
}

/// Writes what there is room for. A poll for POLLOUT promises room for some bytes, not for all: a
/// descriptor in blocking mode would keep the thread for the rest, past its deadline.
ssize_t writeSome(int descriptor, const iovec* vectors, int vectorCount) noexcept
{
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(vectors);
    message.msg_iovlen = static_cast<std::size_t>(vectorCount);
    const auto sent = ::sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0 || errno != ENOTSOCK)
    {
        return sent;
    }
    struct stat status = {};
    const bool isPipe = ::fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode);
    if (!isPipe || vectorCount == 0)
    {
        return ::writev(descriptor, vectors, vectorCount);
    }
    while (vectorCount > 1 && vectors->iov_len == 0)
    {
        ++vectors;
        --vectorCount;
    }
    // A pipe that is ready takes PIPE_BUF bytes without blocking (pipe(7)).
    return ::write(descriptor, vectors->iov_base,
                   std::min<std::size_t>(vectors->iov_len, PIPE_BUF));
}

ssize_t transfer(const Operation& operation, bool mustNotBlock) noexcept
{
    const int socketFlags = operation.flags | (mustNotBlock ? MSG_DONTWAIT : 0);
    const int descriptor = operation.descriptor;
    const bool positioned = operation.offset != Operation::CurrentPosition;
    const auto offset = static_cast<off_t>(operation.offset);
    const auto* const vectors = static_cast<const iovec*>(operation.data);
    const auto vectorCount = static_cast<int>(operation.count);
    if (mustNotBlock && !positioned)
    {
        const iovec whole = {.iov_base = operation.data, .iov_len = operation.count};
        if (operation.kind == OperationKind::Write)
        {
            return writeSome(descriptor, &whole, 1);
        }
        if (operation.kind == OperationKind::WriteVectored)
        {
            return writeSome(descriptor, vectors, vectorCount);
        }
    }
    switch (operation.kind)
    {
    case OperationKind::Read:
        return positioned ? ::pread(descriptor, operation.data, operation.count, offset)
                          : ::read(descriptor, operation.data, operation.count);
    case OperationKind::Write:
        return positioned ? ::pwrite(descriptor, operation.data, operation.count, offset)
                          : ::write(descriptor, operation.data, operation.count);
    case OperationKind::ReadVectored:
        return positioned ? ::preadv(descriptor, vectors, vectorCount, offset)
                          : ::readv(descriptor, vectors, vectorCount);
    case OperationKind::WriteVectored:
        return positioned ? ::pwritev(descriptor, vectors, vectorCount, offset)
                          : ::writev(descriptor, vectors, vectorCount);
    case OperationKind::Receive:
        return ::recv(descriptor, operation.data, operation.count, socketFlags);
    case OperationKind::Send:
        return ::send(descriptor, operation.data, operation.count, socketFlags);
    case OperationKind::ReceiveMessage:
        return ::recvmsg(descriptor, static_cast<msghdr*>(operation.data), socketFlags);
    case OperationKind::SendMessage:
        return ::sendmsg(descriptor, static_cast<const msghdr*>(operation.data), socketFlags);
    default:
        errno = ENOSYS;
        return -1;
    }
}

/// connect(2) with a deadline: in non-blocking mode, then wait and ask how it went.
int connectUntil(const Operation& operation, Deadline deadline) noexcept
{
    const int descriptor = operation.descriptor;
    const int modes = ::fcntl(descriptor, F_GETFL);
    if (modes < 0 || ::fcntl(descriptor, F_SETFL, modes | O_NONBLOCK) != 0)
    {
        return -errno;
    }
    int result = ::connect(descriptor, static_cast<const sockaddr*>(operation.data),
                           static_cast<socklen_t>(operation.offset)) == 0
                     ? 0
                     : -errno;
    if (result == -EINPROGRESS || result == -EINTR)
    {
        result = pollUntil(descriptor, POLLOUT, deadline);
        if (result >= 0)
        {
            int error = 0;
            socklen_t size = sizeof(error);
            ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
            result = -error;
        }
    }
    ::fcntl(descriptor, F_SETFL, modes);
    return result;
}

int once(const Operation& operation, Deadline deadline) noexcept
{
    const int descriptor = operation.descriptor;
    ssize_t result = 0;
    switch (operation.kind)
    {
    case OperationKind::Open:
        result = ::open(static_cast<const char*>(operation.data), operation.flags,
                        static_cast<mode_t>(operation.count));
        break;
    case OperationKind::Close:
        result = ::close(descriptor);
        break;
    case OperationKind::Sync:
        result = ::fsync(descriptor);
        break;
    case OperationKind::Stat:
        result = ::statx(descriptor, "", AT_EMPTY_PATH, STATX_BASIC_STATS,
                         static_cast<struct statx*>(operation.extra));
        break;
    case OperationKind::Shutdown:
        result = ::shutdown(descriptor, operation.flags);
        break;
    case OperationKind::Accept:
        result = ::accept4(descriptor, static_cast<sockaddr*>(operation.data),
                           static_cast<socklen_t*>(operation.extra), operation.flags);
        break;
    case OperationKind::Connect:
        return connectUntil(operation, deadline);
    case OperationKind::Poll:
        return pollUntil(descriptor, operation.flags, deadline);
    default:
        result = transfer(operation, deadline != NoDeadline);
        break;
    }
    return result < 0 ? -errno : static_cast<int>(result);
}

} // namespace

std::expected<std::int32_t, std::error_code> detail::performOnThread(Operation& operation,
                                                                     Deadline deadline)
{
    for (;;)
    {
        // Waiting first makes the call below return at once, in blocking mode too: it takes what is
        // there. With no deadline the call itself may wait, and poll is asked only when it refuses.
        int result = 0;
        const int events = readinessEvents(operation.kind);
        if (events != 0 && deadline != NoDeadline)
        {
            result = pollUntil(operation.descriptor, events, deadline);
        }
        if (result >= 0)
        {
            result = once(operation, deadline);
        }
        if (result == -EAGAIN && events != 0 && (operation.flags & MSG_DONTWAIT) == 0)
        {
            result = pollUntil(operation.descriptor, events, deadline);
            if (result >= 0)
            {
                continue;
            }
        }
        if (result == -ETIME)
        {
            return std::unexpected(IoError::DeadlineExpired);
        }
        if (result != -EINTR || operation.kind == OperationKind::Close)
        {
            return result;
        }
    }
}

} // namespace weft
