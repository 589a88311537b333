#include <weft/fibers/this_fiber.hpp>
#include <weft/memory/assert.hpp>
#include <weft/memory/memory_mapping.hpp>
#include <weft/memory/planted_mistake.hpp>
#include <weft/reactor/cancellable_wait.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/perform.hpp>
#include <weft/reactor/plain_thread.hpp>
#include <weft/reactor/reactor.hpp>

#include <cerrno>
#include <cstddef>
#include <span>

#include <poll.h>

namespace weft
{

namespace
{

/// The whole pages that a receive into a buffer of the pool is to fill. None of a call that
/// collects (MSG_WAITALL), as it may have begun to.
std::span<std::byte> idleMemoryOf(Reactor& reactor, const Operation& operation) noexcept
{
    if (operation.kind != OperationKind::Receive || (operation.flags & MSG_WAITALL) != 0)
    {
        return {};
    }
    const std::span bytes(static_cast<std::byte*>(operation.data), operation.count);
    return reactor.buffers().contains(bytes) ? wholePages(bytes) : std::span<std::byte>();
}

/// An operation in the engine. It is over at its own final completion and never before.
class OperationWait final : public CancellableWait
{
public:
    /// `forMemory`: it may end when it has waited for long.
    OperationWait(Reactor& owner, Operation& awaited, bool forMemory) noexcept
        : CancellableWait(owner),
          operation(awaited),
          mayEndForMemory(forMemory)
    {
        operation.completed = [](Operation& done) noexcept
        {
            static_cast<OperationWait*>(done.waiter)->resume();
        };
        operation.waiter = this;
    }

    std::int32_t perform(Deadline deadline) noexcept
    {
        reactor.engine().start(operation);
        suspendUntil(deadline);
        WEFT_ASSERT(operation.phase == Operation::Phase::Idle ||
                    planted(Mistake::ResumeAtCancellation));
        return operation.result;
    }

    using CancellableWait::cause;

    /// Whether it was asked to end so that its idle memory can be given back.
    bool wasEndedForMemory() const noexcept
    {
        return endedForMemory;
    }

private:
    /// The kernel may write into the memory until the operation has ended, so it is ended first.
    void releaseIdleMemory() noexcept override
    {
        if (mayEndForMemory && !endedForMemory && !cause() &&
            residentBytes(idleMemoryOf(reactor, operation)) != 0)
        {
            endedForMemory = true;
            reactor.engine().cancel(operation);
        }
    }

    void giveUp() noexcept override
    {
        reactor.engine().cancel(operation);
        if (planted(Mistake::ResumeAtCancellation))
        {
            resume();
        }
    }

    Operation& operation;
    const bool mayEndForMemory;
    bool endedForMemory = false;
};

class SleepWait final : public CancellableWait
{
public:
    explicit SleepWait(Reactor& owner) noexcept : CancellableWait(owner)
    {
    }

    std::error_code perform(Deadline deadline) noexcept
    {
        suspendUntil(deadline);
        return cause();
    }

private:
    void giveUp() noexcept override
    {
        resume();
    }
};

/// Waits until the operation can go on without blocking, for descriptors in non-blocking mode: the
/// engines answer EAGAIN for them.
std::expected<std::int32_t, std::error_code> awaitReadiness(const Operation& operation,
                                                            Deadline deadline)
{
    Operation readiness(OperationKind::Poll, operation.descriptor);
    readiness.flags = detail::readinessEvents(operation.kind);
    return detail::perform(readiness, deadline);
}

} // namespace

int detail::readinessEvents(OperationKind kind) noexcept
{
    switch (kind)
    {
    case OperationKind::Read:
    case OperationKind::ReadVectored:
    case OperationKind::Receive:
    case OperationKind::ReceiveMessage:
    case OperationKind::Accept:
        return POLLIN;
    case OperationKind::Write:
    case OperationKind::WriteVectored:
    case OperationKind::Send:
    case OperationKind::SendMessage:
        return POLLOUT;
    default:
        return 0;
    }
}

std::expected<std::int32_t, std::error_code>
detail::perform(Operation& operation, Deadline deadline, std::error_code* gaveUp)
{
    auto* const reactor = Reactor::current();
    if (reactor == nullptr)
    {
        return performOnThread(operation, deadline);
    }
    bool memoryReleased = false;
    for (;;)
    {
        if (const auto error = CancellableWait::refusal(*reactor, deadline))
        {
            return std::unexpected(error);
        }
        if (!operation.waits())
        {
            const auto result = reactor->tryAtOnce(operation);
            if (result && *result != -EINTR)
            {
                return *result;
            }
        }
        OperationWait wait(*reactor, operation, !memoryReleased);
        const auto result = wait.perform(deadline);
        const auto cause = wait.cause();
        if (cause && result > 0 && planted(Mistake::DropRacedBytes))
        {
            return std::unexpected(cause);
        }
        // A cancelled operation answers ECANCELED, or EINTR when a kernel worker had begun it.
        if (cause && (result == -ECANCELED || result == -EINTR))
        {
            return std::unexpected(cause);
        }
        if ((result == -ECANCELED || result == -EINTR) && wait.wasEndedForMemory())
        {
            releasePages(idleMemoryOf(*reactor, operation));
            memoryReleased = true;
            continue;
        }
        const bool wouldBlock = result == -EAGAIN && operation.waits() &&
                                operation.retryWhenReady && readinessEvents(operation.kind) != 0;
        if (wouldBlock)
        {
            if (const auto ready = awaitReadiness(operation, deadline); !ready)
            {
                return ready;
            }
            continue;
        }
        // close(2) has released the descriptor even then: the number may be another's by now.
        if (result == -EINTR && operation.kind != OperationKind::Close)
        {
            continue;
        }
        if (gaveUp != nullptr)
        {
            *gaveUp = cause;
        }
        return result;
    }
}

std::expected<std::int32_t, std::error_code> detail::performToTheEnd(Operation& operation)
{
    const StopShield shield;
    return perform(operation, NoDeadline);
}

namespace
{

/// A sleep that has lasted until its deadline has succeeded.
io::Result<void> sleepEnd(std::error_code error)
{
    if (error == IoError::Stopped)
    {
        return std::unexpected(error);
    }
    return {};
}

io::Result<void> sleepOnThread(Deadline deadline)
{
    if (const auto error = detail::refusalOnThread(deadline))
    {
        return sleepEnd(error);
    }
    ThreadEvent never;
    return sleepEnd(detail::errorOf(never.wait(deadline)));
}

} // namespace

io::Result<void> io::sleepUntil(Deadline deadline)
{
    auto* const reactor = Reactor::current();
    if (reactor == nullptr)
    {
        return sleepOnThread(deadline);
    }
    if (const auto error = CancellableWait::refusal(*reactor, deadline))
    {
        return sleepEnd(error);
    }
    SleepWait wait(*reactor);
    return sleepEnd(wait.perform(deadline));
}

io::Result<void> io::sleepFor(std::chrono::nanoseconds duration)
{
    return sleepUntil(after(duration));
}

} // namespace weft
