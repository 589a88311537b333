#include <weft/reactor/io_error.hpp>
#include <weft/reactor/perform.hpp>
#include <weft/reactor/plain_thread.hpp>
#include <weft/reactor/system_call.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

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

/// Leaves the socket in the mode that it had.
Step connectAndWait(const Operation& operation, Deadline deadline) noexcept
{
    const int result = detail::beginConnect(operation);
    if (result != -EINPROGRESS)
    {
        return {.result = result};
    }
    auto step = awaitEvents(operation.descriptor, POLLOUT, deadline);
    if (step.result > 0)
    {
        step.result = detail::connectOutcome(operation.descriptor);
    }
    return step;
}

/// A read or write at the descriptor's own position. Sockets are tried first and waited for when
/// they refuse; other descriptors cannot be told not to wait, so they are waited for first. What
/// they have then is theirs alone to take: a blocking descriptor that several threads read may keep
/// one that came too late. Regular files are always ready: such a call blocks for the disk.
Step transferAndWait(const Operation& operation, Deadline deadline) noexcept
{
    for (;;)
    {
        const int result = detail::transferAsSocket(operation);
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
            return {.result = detail::writes(operation) ? detail::writeWhenReady(operation)
                                                        : detail::callOnce(operation)};
        }
    }
}

/// One attempt that waits, if it must, only where it can be interrupted. -EAGAIN: to be repeated
/// when the descriptor is ready.
Step attempt(const Operation& operation, Deadline deadline) noexcept
{
    if (!operation.waits())
    {
        return {.result = detail::callWithoutWaiting(operation)};
    }
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
        return isReady ? Step{.result = detail::callOnce(operation)} : ready;
    }
    case OperationKind::Receive:
    case OperationKind::Send:
    case OperationKind::ReceiveMessage:
    case OperationKind::SendMessage:
        return {.result = detail::transferBy(operation.descriptor, operation, MSG_DONTWAIT)};
    default:
        break;
    }
    // At a position of its own it is a file's; of no bytes it never waits.
    const bool mayWait =
        detail::isTransfer(operation) && operation.count != 0 && !detail::isPositioned(operation);
    return mayWait ? transferAndWait(operation, deadline)
                   : Step{.result = detail::callOnce(operation)};
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
    const bool waitsHere = interruptible || !operation.waits() ||
                           operation.kind == OperationKind::Poll ||
                           operation.kind == OperationKind::Connect;
    const int events = readinessEvents(operation.kind);
    for (;;)
    {
        auto step =
            waitsHere ? attempt(operation, deadline) : Step{.result = detail::callOnce(operation)};
        const bool mustWait = step.result == -EAGAIN && events != 0 && operation.waits();
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
