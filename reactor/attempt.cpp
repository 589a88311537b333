#include <weft/reactor/attempt.hpp>
#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/perform.hpp>
#include <weft/reactor/system_call.hpp>

#include <fmt/format.h>

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft
{

namespace
{

constexpr Attempt WouldBlock{.outcome = Attempt::Outcome::WouldBlock};
constexpr Attempt MustBlock{.outcome = Attempt::Outcome::MustBlock};

constexpr Attempt done(std::int32_t result) noexcept
{
    return {.outcome = Attempt::Outcome::Done, .result = result};
}

constexpr Attempt doneUnlessAgain(std::int32_t result) noexcept
{
    return result == -EAGAIN ? WouldBlock : done(result);
}

/// The file's type, of S_IFMT; zero for what has none (eventfd and the like) and after an error.
/// Without asking a server for the rest, which may take for ever.
mode_t typeOf(int descriptor) noexcept
{
    struct statx status = {};
    if (::statx(descriptor, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) == 0)
    {
        return status.stx_mode & S_IFMT;
    }
    // Kernels before 4.11, and seccomp filters of before that, do not know the call.
    struct stat known = {};
    const bool unknown = errno == ENOSYS || errno == EPERM;
    return unknown && ::fstat(descriptor, &known) == 0 ? known.st_mode & S_IFMT : 0;
}

/// Whether it is always ready and blocks for the disk.
constexpr bool isOnDisk(mode_t type) noexcept
{
    return type == S_IFREG || type == S_IFBLK || type == S_IFDIR;
}

/// The events that have come; zero: none has.
std::int32_t pollNow(int descriptor, int events) noexcept
{
    if (descriptor < 0)
    {
        return -EBADF; // poll(2) would ignore it
    }
    pollfd entry = {.fd = descriptor, .events = static_cast<short>(events), .revents = 0};
    const int count = ::poll(&entry, 1, 0);
    if (count < 0)
    {
        return errno == EINTR ? 0 : -errno;
    }
    return (entry.revents & POLLNVAL) != 0 ? -EBADF : entry.revents;
}

Attempt tryPoll(const Operation& operation) noexcept
{
    const auto events = pollNow(operation.descriptor, operation.flags);
    return events == 0 ? WouldBlock : done(events);
}

Attempt tryConnect(const Operation& operation, bool again) noexcept
{
    if (!again)
    {
        const auto result = detail::beginConnect(operation);
        return result == -EINPROGRESS ? WouldBlock : done(result);
    }
    const auto events = pollNow(operation.descriptor, POLLOUT);
    if (events <= 0)
    {
        return events == 0 ? WouldBlock : done(events);
    }
    return done(detail::connectOutcome(operation.descriptor));
}

/// accept(2) cannot be told not to wait, and whoever else accepts from the listener may be faster
/// between a look at it and the call. So the listener is put in non-blocking mode and stays so: to
/// give the mode back would race with the others that accept.
Attempt tryAccept(const Operation& operation) noexcept
{
    const int modes = ::fcntl(operation.descriptor, F_GETFL);
    if (modes < 0 || ((modes & O_NONBLOCK) == 0 &&
                      ::fcntl(operation.descriptor, F_SETFL, modes | O_NONBLOCK) != 0))
    {
        return done(-errno);
    }
    return doneUnlessAgain(detail::callOnce(operation));
}

bool isStream(int socket) noexcept
{
    int type = 0;
    socklen_t size = sizeof(type);
    return ::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/// recv(2) and send(2) with MSG_WAITALL: a stream's bytes are taken until there are no more to
/// take, over as many attempts as that needs.
Attempt tryAll(Operation& operation) noexcept
{
    auto* const data = static_cast<std::byte*>(operation.data);
    for (;;)
    {
        const auto before = operation.result;
        Operation rest(operation.kind, operation.descriptor);
        rest.data = data + before;
        rest.count = operation.count - static_cast<std::uint32_t>(before);
        rest.flags = operation.flags;
        const auto result = detail::transferBy(rest.descriptor, rest, MSG_DONTWAIT);
        if (result == -EAGAIN && (operation.flags & MSG_DONTWAIT) == 0)
        {
            return WouldBlock;
        }
        if (result <= 0)
        {
            return done(before > 0 ? before : result);
        }
        operation.result = before + result;
        if (static_cast<std::uint32_t>(operation.result) == operation.count ||
            (operation.flags & MSG_PEEK) != 0 || !isStream(operation.descriptor))
        {
            return done(operation.result);
        }
    }
}

Attempt trySocket(Operation& operation) noexcept
{
    const bool plain =
        operation.kind == OperationKind::Receive || operation.kind == OperationKind::Send;
    if (plain && (operation.flags & MSG_WAITALL) != 0)
    {
        return tryAll(operation);
    }
    const auto result = detail::transferBy(operation.descriptor, operation, MSG_DONTWAIT);
    return (operation.flags & MSG_DONTWAIT) != 0 ? done(result) : doneUnlessAgain(result);
}

/// Files on disk: what the page cache has is read at once; all else waits for the disk. Not past
/// the cache (O_DIRECT), where the call that does not wait does.
Attempt tryFile(const Operation& operation, mode_t type) noexcept
{
    const bool mayBeCached = type == S_IFREG && !detail::writes(operation) &&
                             (::fcntl(operation.descriptor, F_GETFL) & O_DIRECT) == 0;
    const auto result = mayBeCached ? detail::transferNoWait(operation) : -EAGAIN;
    return result >= 0 ? done(result) : MustBlock;
}

/// By a descriptor of our own, in non-blocking mode, of the same pipe: its own mode is shared with
/// whoever else has it. -EOPNOTSUPP when there is none, without /proc for example.
std::int32_t transferByReopening(const Operation& operation, int modes) noexcept
{
    std::array<char, 32> path{};
    fmt::format_to_n(path.data(), path.size() - 1, "/proc/self/fd/{}", operation.descriptor);
    const OwnedDescriptor own(::open(path.data(), (modes & O_ACCMODE) | O_NONBLOCK | O_CLOEXEC));
    return own ? detail::transferBy(own.get(), operation, 0) : -EOPNOTSUPP;
}

/// What cannot be told not to wait for this one call: pipes before Linux 6.4, terminals. When it is
/// ready another may still be faster, so this thread must not call.
Attempt tryStubborn(const Operation& operation, mode_t type) noexcept
{
    const int modes = ::fcntl(operation.descriptor, F_GETFL);
    if (modes < 0)
    {
        return done(-errno);
    }
    if ((modes & O_NONBLOCK) != 0)
    {
        return doneUnlessAgain(detail::callOnce(operation));
    }
    const auto ready = pollNow(operation.descriptor, detail::readinessEvents(operation.kind));
    if (ready <= 0)
    {
        return ready == 0 ? WouldBlock : done(ready);
    }
    if (type == S_IFIFO)
    {
        const auto result = transferByReopening(operation, modes);
        if (result != -EOPNOTSUPP)
        {
            return doneUnlessAgain(result);
        }
    }
    return MustBlock;
}

Attempt tryTransfer(const Operation& operation) noexcept
{
    const auto type = typeOf(operation.descriptor);
    if (isOnDisk(type))
    {
        return tryFile(operation, type);
    }
    // Of no bytes it does not wait, and at a position it is refused.
    if (detail::isPositioned(operation) ||
        (!detail::writes(operation) && detail::bytesWanted(operation) == 0))
    {
        return done(detail::callOnce(operation));
    }
    if (type == S_IFSOCK)
    {
        return doneUnlessAgain(detail::transferAsSocket(operation));
    }
    const auto result = detail::transferNoWait(operation);
    return result == -EOPNOTSUPP ? tryStubborn(operation, type) : doneUnlessAgain(result);
}

/// Files may have to be written out first, terminals wait for their output, and a socket may have
/// been told to wait for its peer (SO_LINGER).
bool closeMayBlock(int descriptor) noexcept
{
    const auto type = typeOf(descriptor);
    linger waiting = {};
    socklen_t size = sizeof(waiting);
    if (type == S_IFSOCK)
    {
        return ::getsockopt(descriptor, SOL_SOCKET, SO_LINGER, &waiting, &size) == 0 &&
               waiting.l_onoff != 0 && waiting.l_linger != 0;
    }
    return isOnDisk(type) || type == S_IFCHR;
}

} // namespace

Attempt attempt(Operation& operation, bool again) noexcept
{
    switch (operation.kind)
    {
    case OperationKind::Open:
    case OperationKind::Sync:
        return MustBlock;
    case OperationKind::Close:
        return closeMayBlock(operation.descriptor) ? MustBlock : done(detail::callOnce(operation));
    case OperationKind::Stat:
        return isOnDisk(typeOf(operation.descriptor)) ? MustBlock
                                                      : done(detail::callOnce(operation));
    case OperationKind::Shutdown:
        return done(detail::callOnce(operation));
    case OperationKind::Poll:
        return tryPoll(operation);
    case OperationKind::Connect:
        return tryConnect(operation, again);
    case OperationKind::Accept:
        return tryAccept(operation);
    case OperationKind::Receive:
    case OperationKind::Send:
    case OperationKind::ReceiveMessage:
    case OperationKind::SendMessage:
        return trySocket(operation);
    case OperationKind::Read:
    case OperationKind::Write:
    case OperationKind::ReadVectored:
    case OperationKind::WriteVectored:
        return tryTransfer(operation);
    }
    return done(-ENOSYS);
}

std::int32_t callThatBlocks(const Operation& operation) noexcept
{
    if (operation.kind == OperationKind::Open)
    {
        return detail::openWithoutWaiting(static_cast<const char*>(operation.data), operation.flags,
                                          static_cast<mode_t>(operation.count));
    }
    // A pipe gets no more than it takes without blocking.
    const bool isWrite = detail::isTransfer(operation) && detail::writes(operation);
    return isWrite && !detail::isPositioned(operation) ? detail::writeWhenReady(operation)
                                                       : detail::callOnce(operation);
}

} // namespace weft
