#include <weft/memory/assert.hpp>
#include <weft/reactor/epoll_engine.hpp>
#include <weft/reactor/system_call.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <poll.h>

namespace weft
{

namespace
{

constexpr timespec NoTime{};

/// Whether both are of those that take, or both of those that give. A wait for readiness (poll)
/// takes nothing from anyone.
bool sameDirection(const Operation& first, const Operation& second) noexcept
{
    return first.kind != OperationKind::Poll && second.kind != OperationKind::Poll &&
           eventsOf(first) == eventsOf(second);
}

bool anyOfDirection(const OperationQueue& queue, const Operation& operation) noexcept
{
    return std::ranges::any_of(queue,
                               [&](const Operation& other)
                               {
                                   return sameDirection(other, operation);
                               });
}

} // namespace

EpollEngine::EpollEngine(const EngineOptions& options, std::string fallbackReason)
    : reason(std::move(fallbackReason)),
      wakeDescriptor(options.wakeDescriptor),
      table(options.wakeDescriptor),
      blocking(options.offload, options.scheduler, ended)
{
}

EpollEngine::~EpollEngine()
{
    WEFT_ASSERT(ended.empty());
    WEFT_ASSERT(table.empty());
    WEFT_ASSERT(operations.get() == completions.get());
}

Attempt EpollEngine::tryNow(Operation& operation, bool again) noexcept
{
    attempts.add(1);
    return attempt(operation, again);
}

void EpollEngine::start(Operation& operation) noexcept
{
    WEFT_ASSERT(operation.phase == Operation::Phase::Idle);
    operations.add(1);
    operation.result = 0;
    auto* const waiters = table.waitersOn(operation.descriptor);
    const bool isWaitedOn = waiters != nullptr && !waiters->empty();
    if (isWaitedOn && operation.kind == OperationKind::Close)
    {
        OperationQueue strays;
        while (!waiters->empty())
        {
            auto& stray = waiters->front();
            table.forget(stray);
            strays.push_back(stray);
        }
        endStrays(strays);
    }
    // A connection must have been begun before it is waited for.
    else if (isWaitedOn && operation.kind != OperationKind::Connect && eventsOf(operation) != 0 &&
             anyOfDirection(*waiters, operation))
    {
        await(operation);
        return;
    }
    const auto [outcome, result] = tryNow(operation, false);
    switch (outcome)
    {
    case Attempt::Outcome::Done:
        ended.add(operation, result);
        break;
    case Attempt::Outcome::WouldBlock:
        await(operation);
        break;
    case Attempt::Outcome::MustBlock:
        blocking.start(operation);
        break;
    }
}

void EpollEngine::await(Operation& operation) noexcept
{
    OperationQueue strays;
    const int error = table.await(operation, strays);
    endStrays(strays);
    if (error == 0)
    {
        return;
    }
    // A file that has no readiness: what poll(2) has not found then does not come.
    if (error == EPERM && operation.kind == OperationKind::Poll)
    {
        return;
    }
    if (error != ENOMEM || operation.queueHook.is_linked())
    {
        table.forget(operation);
    }
    if (error == EPERM)
    {
        blocking.start(operation);
        return;
    }
    ended.add(operation, -error);
}

/// For those that are left after an event, or after one of them could not be armed.
void EpollEngine::armAgain(int descriptor) noexcept
{
    OperationQueue strays;
    const int error = table.arm(descriptor, strays);
    endStrays(strays);
    if (error == 0)
    {
        return;
    }
    auto& waiters = *table.waitersOn(descriptor);
    while (!waiters.empty())
    {
        auto& operation = waiters.front();
        table.forget(operation);
        ended.add(operation, -error);
    }
}

void EpollEngine::endStrays(OperationQueue& strays) noexcept
{
    while (!strays.empty())
    {
        auto& stray = strays.front();
        strays.pop_front();
        ended.add(stray, -EBADF);
    }
}

std::optional<std::int32_t> EpollEngine::tryAtOnce(Operation& operation) noexcept
{
    operations.add(1);
    completions.add(1);
    atOnce.add(1);
    return detail::callWithoutWaiting(operation);
}

void EpollEngine::cancel(Operation& operation) noexcept
{
    WEFT_ASSERT(operation.phase != Operation::Phase::Idle);
    cancellations.add(1);
    switch (operation.phase)
    {
    case Operation::Phase::Waiting:
        table.forget(operation);
        // What has been received or sent of an operation with MSG_WAITALL is not dropped.
        ended.add(operation, operation.result > 0 ? operation.result : -ECANCELED);
        break;
    case Operation::Phase::Submitted:
        blocking.cancel(operation);
        break;
    case Operation::Phase::Cancelling: // of the engine on io_uring
    case Operation::Phase::Ended:
    case Operation::Phase::Idle:
        break;
    }
}

/// Tries who waits for the event, each direction in order and up to the first that still has to
/// wait.
void EpollEngine::serve(const ReadinessTable::Ready& event, OperationQueue& waiters) noexcept
{
    std::uint32_t exhausted = 0; // directions
    for (auto position = waiters.begin(); position != waiters.end();)
    {
        auto& operation = *position++;
        const auto wanted = eventsOf(operation);
        const bool concerned = (event.events & (wanted | EPOLLERR | EPOLLHUP)) != 0;
        const bool isPoll = operation.kind == OperationKind::Poll;
        if (!concerned || (!isPoll && (exhausted & wanted) != 0))
        {
            continue;
        }
        const auto [outcome, result] = tryNow(operation, true);
        if (outcome == Attempt::Outcome::WouldBlock)
        {
            exhausted |= isPoll ? 0 : wanted;
            continue;
        }
        table.forget(operation);
        if (outcome == Attempt::Outcome::Done)
        {
            ended.add(operation, result);
            continue;
        }
        blocking.start(operation);
        exhausted |= wanted;
    }
    if (!waiters.empty())
    {
        armAgain(event.descriptor);
    }
}

void EpollEngine::waitAndServe(const timespec* timeout) noexcept
{
    switch (const int error = table.wait(timeout))
    {
    case 0:
        break;
    case EINTR: // a signal; the loop comes again
        return;
    default:
        std::fprintf(stderr, "weft: epoll_wait: %s\n", std::strerror(error));
        WEFT_ASSERT(!"epoll_wait failed in a way that the engine does not know");
    }
    for (const auto& event : table.ready())
    {
        if (auto* const waiters = table.waitersFor(event))
        {
            serve(event, *waiters);
        }
    }
}

void EpollEngine::report() noexcept
{
    completions.add(ended.reportAll());
}

void EpollEngine::poll() noexcept
{
    if (!table.empty())
    {
        waitAndServe(&NoTime);
    }
    report();
}

void EpollEngine::park(Clock::time_point until) noexcept
{
    const auto left = until - now();
    // What has ended makes a fiber ready; it must not wait for another's event.
    if (!ended.empty() || left <= Clock::duration::zero())
    {
        poll();
        return;
    }
    timespec timeout = {};
    timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
    timeout.tv_nsec = (left % std::chrono::seconds(1)).count();
    waitAndServe(until == NoDeadline ? nullptr : &timeout);
    report();
}

void EpollEngine::gather(Clock::time_point until) noexcept
{
    if (ended.empty())
    {
        detail::awaitReadable(wakeDescriptor, until - now());
    }
    // Also when nothing is awaited: it takes the wake-up in.
    waitAndServe(&NoTime);
    report();
}

EngineStatistics EpollEngine::statistics() const noexcept
{
    return {
        .systemCalls = attempts.get() + table.systemCalls(),
        .atOnce = atOnce.get(),
        .operations = operations.get(),
        .completions = completions.get(),
        .cancellations = cancellations.get(),
        .wakeUps = table.wakeUps(),
    };
}

} // namespace weft
