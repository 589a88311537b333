#include <weft/reactor/perform.hpp>
#include <weft/reactor/system_call.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <span>

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

using detail::answerOf;

/// The memory of a read or write, as a vector. `whole` is where that of a single buffer is kept.
std::span<const iovec> vectorOf(const Operation& operation, iovec& whole) noexcept
{
    if (operation.kind == OperationKind::ReadVectored ||
        operation.kind == OperationKind::WriteVectored)
    {
        return {static_cast<const iovec*>(operation.data), operation.count};
    }
    whole = {.iov_base = operation.data, .iov_len = operation.count};
    return {&whole, 1};
}

} // namespace

std::int32_t detail::answerOf(ssize_t result) noexcept
{
    return result < 0 ? -errno : static_cast<std::int32_t>(result);
}

bool detail::isTransfer(const Operation& operation) noexcept
{
    switch (operation.kind)
    {
    case OperationKind::Read:
    case OperationKind::ReadVectored:
    case OperationKind::Write:
    case OperationKind::WriteVectored:
        return true;
    default:
        return false;
    }
}

bool detail::writes(const Operation& operation) noexcept
{
    return readinessEvents(operation.kind) == POLLOUT;
}

bool detail::isPositioned(const Operation& operation) noexcept
{
    return operation.offset != Operation::CurrentPosition;
}

std::uint64_t detail::bytesWanted(const Operation& operation) noexcept
{
    iovec whole = {};
    std::uint64_t bytes = 0;
    for (const auto& part : vectorOf(operation, whole))
    {
        bytes += part.iov_len;
    }
    return bytes;
}

std::int32_t detail::transferAsSocket(const Operation& operation) noexcept
{
    iovec whole = {};
    const auto vectors = vectorOf(operation, whole);
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(vectors.data());
    message.msg_iovlen = vectors.size();
    return answerOf(writes(operation)
                        ? ::sendmsg(operation.descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL)
                        : ::recvmsg(operation.descriptor, &message, MSG_DONTWAIT));
}

std::int32_t detail::transferNoWait(const Operation& operation) noexcept
{
    iovec whole = {};
    const auto vectors = vectorOf(operation, whole);
    const auto count = static_cast<int>(vectors.size());
    // The descriptor's own position is -1 here too.
    const auto offset = static_cast<off_t>(operation.offset);
    const auto result =
        answerOf(writes(operation)
                     ? ::pwritev2(operation.descriptor, vectors.data(), count, offset, RWF_NOWAIT)
                     : ::preadv2(operation.descriptor, vectors.data(), count, offset, RWF_NOWAIT));
    // Kernels before 4.6, and seccomp filters of before that, do not know the call.
    return result == -ENOSYS || result == -EPERM ? -EOPNOTSUPP : result;
}

std::int32_t detail::callWithoutWaiting(const Operation& operation) noexcept
{
    if (!isTransfer(operation))
    {
        return transferBy(operation.descriptor, operation, 0);
    }
    const auto result = transferNoWait(operation);
    return result == -EOPNOTSUPP ? -EAGAIN : result;
}

void detail::awaitReadable(int descriptor, std::chrono::nanoseconds atMost) noexcept
{
    const auto time = std::max(atMost, std::chrono::nanoseconds::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (time - seconds).count()};
    pollfd entry = {.fd = descriptor, .events = POLLIN, .revents = 0};
    [[maybe_unused]] const int count = ::ppoll(&entry, 1, &timeout, nullptr);
}

std::int32_t detail::writeWhenReady(const Operation& operation) noexcept
{
    iovec whole = {};
    auto vectors = vectorOf(operation, whole);
    struct stat status = {};
    const bool isPipe = ::fstat(operation.descriptor, &status) == 0 && S_ISFIFO(status.st_mode);
    if (!isPipe || vectors.empty())
    {
        return answerOf(
            ::writev(operation.descriptor, vectors.data(), static_cast<int>(vectors.size())));
    }
    while (vectors.size() > 1 && vectors.front().iov_len == 0)
    {
        vectors = vectors.subspan(1);
    }
    return answerOf(::write(operation.descriptor, vectors.front().iov_base,
                            std::min<std::size_t>(vectors.front().iov_len, PIPE_BUF)));
}

std::int32_t detail::transferBy(int descriptor, const Operation& operation, int moreFlags) noexcept
{
    const int socketFlags = operation.flags | moreFlags;
    const bool positioned = isPositioned(operation);
    const auto offset = static_cast<off_t>(operation.offset);
    const auto* const vectors = static_cast<const iovec*>(operation.data);
    const auto vectorCount = static_cast<int>(operation.count);
    switch (operation.kind)
    {
    case OperationKind::Read:
        return answerOf(positioned ? ::pread(descriptor, operation.data, operation.count, offset)
                                   : ::read(descriptor, operation.data, operation.count));
    case OperationKind::Write:
        return answerOf(positioned ? ::pwrite(descriptor, operation.data, operation.count, offset)
                                   : ::write(descriptor, operation.data, operation.count));
    case OperationKind::ReadVectored:
        return answerOf(positioned ? ::preadv(descriptor, vectors, vectorCount, offset)
                                   : ::readv(descriptor, vectors, vectorCount));
    case OperationKind::WriteVectored:
        return answerOf(positioned ? ::pwritev(descriptor, vectors, vectorCount, offset)
                                   : ::writev(descriptor, vectors, vectorCount));
    case OperationKind::Receive:
        return answerOf(::recv(descriptor, operation.data, operation.count, socketFlags));
    case OperationKind::Send:
        return answerOf(::send(descriptor, operation.data, operation.count, socketFlags));
    case OperationKind::ReceiveMessage:
        return answerOf(::recvmsg(descriptor, static_cast<msghdr*>(operation.data), socketFlags));
    case OperationKind::SendMessage:
        return answerOf(
            ::sendmsg(descriptor, static_cast<const msghdr*>(operation.data), socketFlags));
    default:
        return -ENOSYS;
    }
}

std::int32_t detail::beginConnect(const Operation& operation) noexcept
{
    const int descriptor = operation.descriptor;
    const int modes = ::fcntl(descriptor, F_GETFL);
    const bool waits = modes >= 0 && (modes & O_NONBLOCK) == 0;
    if (modes < 0 || (waits && ::fcntl(descriptor, F_SETFL, modes | O_NONBLOCK) != 0))
    {
        return -errno;
    }
    const auto result = answerOf(::connect(descriptor, static_cast<const sockaddr*>(operation.data),
                                           static_cast<socklen_t>(operation.offset)));
    if (waits)
    {
        ::fcntl(descriptor, F_SETFL, modes);
    }
    return result == -EINTR ? -EINPROGRESS : result;
}

std::int32_t detail::connectOutcome(int descriptor) noexcept
{
    int error = 0;
    socklen_t size = sizeof(error);
    return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0 ? -errno : -error;
}

std::int32_t detail::openWithoutWaiting(const char* path, int flags, mode_t mode) noexcept
{
    const auto openWith = [&](int openFlags)
    {
        int descriptor = -1;
        do
        {
            descriptor = ::open(path, openFlags, mode);
        } while (descriptor < 0 && errno == EINTR);
        return descriptor;
    };
    int descriptor = openWith(flags | O_NONBLOCK);
    const bool wantsToBlock = (flags & O_NONBLOCK) == 0;
    if (descriptor < 0 && errno == EAGAIN && wantsToBlock)
    {
        descriptor = openWith(flags); // somebody's lease ends first
    }
    const auto result = answerOf(descriptor);
    // A descriptor that is a path only (O_PATH) has no modes.
    if (descriptor >= 0 && wantsToBlock && (flags & O_PATH) == 0)
    {
        ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
    }
    return result;
}

std::int32_t detail::callOnce(const Operation& operation) noexcept
{
    const int descriptor = operation.descriptor;
    switch (operation.kind)
    {
    case OperationKind::Open:
        return answerOf(::open(static_cast<const char*>(operation.data), operation.flags,
                               static_cast<mode_t>(operation.count)));
    case OperationKind::Close:
        return answerOf(::close(descriptor));
    case OperationKind::Sync:
        return answerOf(::fsync(descriptor));
    case OperationKind::Stat:
        return answerOf(::statx(descriptor, "", AT_EMPTY_PATH, STATX_BASIC_STATS,
                                static_cast<struct statx*>(operation.extra)));
    case OperationKind::Shutdown:
        return answerOf(::shutdown(descriptor, operation.flags));
    case OperationKind::Accept:
        return answerOf(::accept4(descriptor, static_cast<sockaddr*>(operation.data),
                                  static_cast<socklen_t*>(operation.extra), operation.flags));
    default:
        return transferBy(descriptor, operation, 0);
    }
}

} // namespace weft
