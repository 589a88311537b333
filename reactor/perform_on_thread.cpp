#include <weft/reactor/io_error.hpp>
#include <weft/reactor/perform.hpp>
#include <weft/reactor/plain_thread.hpp>

#include <algorithm>
#include <array>
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

/// What a step of a call came to: a result or a negated errno, unless it was interrupted first.
struct Step
{
    int result = 0;
    Interruption interruption = Interruption::None;
};

/// The time that is left, for ppoll(2); null when there is no deadline.
const timespec* timeLeft(Deadline deadline, timespec& left) noexcept
{
    if (deadline == NoDeadline)
    {
        return nullptr;
    }
    const auto duration = std::max(deadline - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
    left.tv_sec = seconds.count();
    left.tv_nsec = std::chrono::nanoseconds(duration - seconds).count();
    return &left;
}

Interruption interruptionNow(const ThreadWaits* waits, Deadline deadline) noexcept
{
    if (waits != nullptr)
    {
        return waits->duringWait(deadline);
    }
    const bool passed = deadline != NoDeadline && deadline <= Clock::now();
    return passed ? Interruption::DeadlinePassed : Interruption::None;
}

/// Waits until the descriptor has one of the events and answers those. A descriptor that is ready
/// goes before an interruption, so that what has come is taken.
Step awaitEvents(int descriptor, int events, Deadline deadline) noexcept
{
    if (descriptor < 0)
    {
        return {.result = -EBADF}; // poll(2) would ignore it for ever
    }
    const auto* const waits = ThreadWaits::current();
    for (;;)
    {
        // Looked at first, slept on then: see thread_waits.hpp for why nothing falls in between.
        const auto interruption = interruptionNow(waits, deadline);
        timespec left = {};
        const auto* const timeout =
            interruption != Interruption::None ? &left : timeLeft(deadline, left);
        std::array<pollfd, 2> entries{};
        entries[0] = {.fd = descriptor, .events = static_cast<short>(events), .revents = 0};
        entries[1] = {.fd = waits != nullptr ? waits->wake().descriptor() : -1,
                      .events = POLLIN,
                      .revents = 0};
        const int count = ::ppoll(entries.data(), entries.size(), timeout, nullptr);
        if (count < 0 && errno != EINTR)
        {
            return {.result = -errno};
        }
        if (count > 0 && entries[0].revents != 0)
        {
            return {.result = entries[0].revents};
        }
        if (interruption != Interruption::None)
        {
            return {.interruption = interruption};
        }
        if (count > 0)
        {
            waits->wake().clear();
        }
    }
}

bool isTransfer(const Operation& operation) noexcept
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

bool writes(const Operation& operation) noexcept
{
    return detail::readinessEvents(operation.kind) == POLLOUT;
}

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

/// A read or write at the descriptor's own position, done as a socket's, which can be told not to
/// wait, whatever mode the descriptor has. ENOTSOCK: it is no socket.
ssize_t transferAsSocket(const Operation& operation) noexcept
{
    iovec whole = {};
    const auto vectors = vectorOf(operation, whole);
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(vectors.data());
    message.msg_iovlen = vectors.size();
    return writes(operation)
               ? ::sendmsg(operation.descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL)
               : ::recvmsg(operation.descriptor, &message, MSG_DONTWAIT);
}

/// A write to what is not a socket, once it is ready. That promises room for some bytes, not for
/// all: a pipe in blocking mode would keep the thread for the rest, past its deadline, so it gets
/// the PIPE_BUF bytes that it takes without blocking (pipe(7)). A terminal whose output is held up
/// gives no such promise and may keep the thread.
ssize_t writeWhenReady(const Operation& operation) noexcept
{
    iovec whole = {};
    auto vectors = vectorOf(operation, whole);
    struct stat status = {};
    const bool isPipe = ::fstat(operation.descriptor, &status) == 0 && S_ISFIFO(status.st_mode);
    if (!isPipe || vectors.empty())
    {
        return ::writev(operation.descriptor, vectors.data(), static_cast<int>(vectors.size()));
    }
    while (vectors.size() > 1 && vectors.front().iov_len == 0)
    {
        vectors = vectors.subspan(1);
    }
    return ::write(operation.descriptor, vectors.front().iov_base,
                   std::min<std::size_t>(vectors.front().iov_len, PIPE_BUF));
}

/// The system call itself, for whatever transfers bytes.
ssize_t transfer(const Operation& operation, int moreFlags) noexcept
{
    const int socketFlags = operation.flags | moreFlags;
    const int descriptor = operation.descriptor;
    const bool positioned = operation.offset != Operation::CurrentPosition;
    const auto offset = static_cast<off_t>(operation.offset);
    const auto* const vectors = static_cast<const iovec*>(operation.data);
    const auto vectorCount = static_cast<int>(operation.count);
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

/// connect(2) in non-blocking mode, then a wait, then the question how it went. Leaves the socket
/// in the mode that it had. A local socket whose peer's queue is full answers EAGAIN: there is
/// nothing to wait on.
Step connectAndWait(const Operation& operation, Deadline deadline) noexcept
{
    const int descriptor = operation.descriptor;
    const int modes = ::fcntl(descriptor, F_GETFL);
    if (modes < 0 || ::fcntl(descriptor, F_SETFL, modes | O_NONBLOCK) != 0)
    {
        return {.result = -errno};
    }
    Step step;
    if (::connect(descriptor, static_cast<const sockaddr*>(operation.data),
                  static_cast<socklen_t>(operation.offset)) != 0)
    {
        step.result = -errno;
    }
    if (step.result == -EINPROGRESS || step.result == -EINTR)
    {
        step = awaitEvents(descriptor, POLLOUT, deadline);
        if (step.result > 0)
        {
            int error = 0;
            socklen_t size = sizeof(error);
            ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
            step.result = -error;
        }
    }
    ::fcntl(descriptor, F_SETFL, modes);
    return step;
}

int answerOf(ssize_t result) noexcept
{
    return result < 0 ? -errno : static_cast<int>(result);
}

/// Calls that do not wait for a peer, or that may.
int callOnce(const Operation& operation) noexcept
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
        return answerOf(transfer(operation, 0));
    }
}

/// A read or write at the descriptor's own position. Sockets are tried first and waited for when
/// they refuse; other descriptors cannot be told not to wait, so they are waited for first. What
/// they have then is theirs alone to take: a blocking descriptor that several threads read may keep
/// one that came too late. Regular files are always ready: such a call blocks for the disk.
Step transferAndWait(const Operation& operation, Deadline deadline) noexcept
{
    for (;;)
    {
        const int result = answerOf(transferAsSocket(operation));
        if (result != -EAGAIN && result != -ENOTSOCK)
        {
            return {.result = result};
        }
        const auto ready =
            awaitEvents(operation.descriptor, detail::readinessEvents(operation.kind), deadline);
        if (ready.result < 0 || ready.interruption != Interruption::None)
        {
            return ready;
        }
        if (result == -ENOTSOCK)
        {
            return {.result = answerOf(writes(operation) ? writeWhenReady(operation)
                                                         : transfer(operation, 0))};
        }
    }
}

/// One attempt that waits, if it must, only where it can be interrupted. -EAGAIN: to be repeated
/// when the descriptor is ready.
Step attempt(const Operation& operation, Deadline deadline) noexcept
{
    switch (operation.kind)
    {
    case OperationKind::Poll:
        return awaitEvents(operation.descriptor, operation.flags, deadline);
    case OperationKind::Connect:
        return connectAndWait(operation, deadline);
    case OperationKind::Accept:
    {
        // accept(2) cannot be told not to wait. A listener that several threads accept from is best
        // in non-blocking mode: another may be faster between the two calls.
        const auto ready = awaitEvents(operation.descriptor, POLLIN, deadline);
        const bool isReady = ready.result >= 0 && ready.interruption == Interruption::None;
        return isReady ? Step{.result = callOnce(operation)} : ready;
    }
    case OperationKind::Receive:
    case OperationKind::Send:
    case OperationKind::ReceiveMessage:
    case OperationKind::SendMessage:
        return {.result = answerOf(transfer(operation, MSG_DONTWAIT))};
    default:
        break;
    }
    // At a position of its own it is a file's; of no bytes it never waits.
    const bool mayWait = isTransfer(operation) && operation.count != 0 &&
                         operation.offset == Operation::CurrentPosition;
    return mayWait ? transferAndWait(operation, deadline) : Step{.result = callOnce(operation)};
}

} // namespace

std::expected<std::int32_t, std::error_code> detail::performOnThread(Operation& operation,
                                                                     Deadline deadline)
{
    if (const auto error = refusalOnThread(deadline))
    {
        return std::unexpected(error);
    }
    const bool interruptible = ThreadWaits::current() != nullptr || deadline != NoDeadline;
    if (interruptible && operation.kind == OperationKind::Open)
    {
        return openOnThread(operation, deadline);
    }
    const bool waitsHere = interruptible || operation.kind == OperationKind::Poll ||
                           operation.kind == OperationKind::Connect;
    const int events = readinessEvents(operation.kind);
    for (;;)
    {
        auto step = waitsHere ? attempt(operation, deadline) : Step{.result = callOnce(operation)};
        const bool mustWait =
            step.result == -EAGAIN && events != 0 && (operation.flags & MSG_DONTWAIT) == 0;
        if (mustWait)
        {
            step = awaitEvents(operation.descriptor, events, deadline);
        }
        if (step.interruption != Interruption::None)
        {
            return std::unexpected(errorOf(step.interruption));
        }
        // What was ready goes before an interruption, so there is no look at one in between.
        const bool repeat = mustWait && step.result >= 0;
        const bool repeatInterrupted =
            step.result == -EINTR && operation.kind != OperationKind::Close;
        if (!repeat && !repeatInterrupted)
        {
            return step.result;
        }
    }
}

} // namespace weft
