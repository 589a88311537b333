#include <weft/memory/assert.hpp>
#include <weft/reactor/system_call.hpp>
#include <weft/reactor/uring_engine.hpp>
#include <weft/reactor/uring_features.hpp>
#include <weft/reactor/uring_submission.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace weft
{

namespace
{

// user_data is an operation's address, which is even; with this bit, of the answer to the
// cancellation of that operation.
constexpr std::uint64_t CancellationBit = 1;
/// No operation is there.
constexpr std::uint64_t WakeUpTag = 2;

/// How often the cancellation of an operation is sent again that the kernel has not found. It finds
/// what waits in a poll or with a worker thread, and not what it is about to try again, as it does
/// when a descriptor seemed to be ready: once for each io_uring_enter, and 128 times in a row at
/// most (APOLL_MAX_RETRY in the kernel's io_uring/poll.c), then it hands it to a worker. A connect
/// to a Unix socket whose queue is full goes that way. What is not found for longer is with a
/// device, which ends it in its time.
constexpr std::uint16_t RepeatedCancellationsMost = 256;

/// The kernel's worker threads for what it cannot do without blocking, for each ring and of each
/// kind (regular files; everything else).
constexpr unsigned KernelWorkersMax = 4;

} // namespace

UringEngine::UringEngine(const EngineOptions& options) : wakeDescriptor(options.wakeDescriptor)
{
    createUring(ring, options.submissionEntries, options.completionEntries, setupFlags);
    // Both are optimisations that old kernels refuse; `weft doctor` tells.
    ::io_uring_register_ring_fd(&ring);
    unsigned workersMax[2] = {KernelWorkersMax, KernelWorkersMax};
    ::io_uring_register_iowq_max_workers(&ring, workersMax);
    armWakeUp();
}

UringEngine::~UringEngine()
{
    WEFT_ASSERT(waitingOperations.empty());
    WEFT_ASSERT(waitingCancellations.empty());
    WEFT_ASSERT(operations.get() == completions.get());
    ::io_uring_queue_exit(&ring);
}

void UringEngine::start(Operation& operation) noexcept
{
    WEFT_ASSERT(operation.phase == Operation::Phase::Idle);
    operations.add(1);
    // Those that wait already go first: order of start is order of submission.
    auto* const entry = waitingOperations.empty() ? ::io_uring_get_sqe(&ring) : nullptr;
    if (entry == nullptr)
    {
        queuedOperations.add(1);
        operation.phase = Operation::Phase::Waiting;
        waitingOperations.push_back(operation);
        return;
    }
    detail::prepare(*entry, operation);
    ::io_uring_sqe_set_data(entry, &operation);
    operation.phase = Operation::Phase::Submitted;
}

std::optional<std::int32_t> UringEngine::tryAtOnce(Operation& operation) noexcept
{
    operations.add(1);
    completions.add(1);
    atOnce.add(1);
    return detail::callWithoutWaiting(operation);
}

void UringEngine::cancel(Operation& operation) noexcept
{
    WEFT_ASSERT(operation.phase != Operation::Phase::Idle);
    if (operation.cancelHook.is_linked() || operation.phase == Operation::Phase::Cancelling ||
        operation.phase == Operation::Phase::Ended)
    {
        return;
    }
    cancellations.add(1);
    operation.cancellationsLeft = RepeatedCancellationsMost;
    // One that still waits here is answered in fillSubmissionQueue, for `completed` is called from
    // poll() and park() only.
    waitingCancellations.push_back(operation);
}

/// Moves what waits into the submission queue, cancellations first, as far as there is room.
void UringEngine::fillSubmissionQueue() noexcept
{
    while (!waitingCancellations.empty())
    {
        auto& operation = waitingCancellations.front();
        if (operation.phase == Operation::Phase::Waiting)
        {
            waitingCancellations.pop_front();
            waitingOperations.erase(waitingOperations.iterator_to(operation));
            complete(operation, -ECANCELED);
            continue;
        }
        auto* const entry = ::io_uring_get_sqe(&ring);
        if (entry == nullptr)
        {
            return;
        }
        waitingCancellations.pop_front();
        ::io_uring_prep_cancel(entry, &operation, 0);
        ::io_uring_sqe_set_data64(entry,
                                  reinterpret_cast<std::uint64_t>(&operation) | CancellationBit);
        operation.phase = Operation::Phase::Cancelling;
    }
    if (!wakeUpArmed)
    {
        armWakeUp();
    }
    while (!waitingOperations.empty())
    {
        auto* const entry = ::io_uring_get_sqe(&ring);
        if (entry == nullptr)
        {
            return;
        }
        auto& operation = waitingOperations.front();
        waitingOperations.pop_front();
        detail::prepare(*entry, operation);
        ::io_uring_sqe_set_data(entry, &operation);
        operation.phase = Operation::Phase::Submitted;
    }
}

void UringEngine::armWakeUp() noexcept
{
    auto* const entry = ::io_uring_get_sqe(&ring);
    if (entry == nullptr)
    {
        return;
    }
    ::io_uring_prep_poll_multishot(entry, wakeDescriptor, POLLIN);
    ::io_uring_sqe_set_data64(entry, WakeUpTag);
    wakeUpArmed = true;
}

bool UringEngine::submissionsPending() noexcept
{
    return ::io_uring_sq_ready(&ring) != 0 || !waitingCancellations.empty() ||
           !waitingOperations.empty() || !wakeUpArmed;
}

/// Whether the kernel holds completions that only a system call brings out.
bool UringEngine::completionsFlagged() const noexcept
{
    if ((setupFlags & IORING_SETUP_TASKRUN_FLAG) == 0 &&
        (setupFlags & IORING_SETUP_DEFER_TASKRUN) != 0)
    {
        return true;
    }
    return (IO_URING_READ_ONCE(*ring.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

void UringEngine::poll() noexcept
{
    fillSubmissionQueue();
    if (submissionsPending() || completionsFlagged())
    {
        systemCalls.add(1);
        handleEnterResult(::io_uring_submit_and_get_events(&ring));
    }
    reap();
}

void UringEngine::park(Clock::time_point until) noexcept
{
    const auto completionsBefore = completions.get();
    fillSubmissionQueue();
    // A cancellation of what the kernel has not seen has completed here and made a fiber ready.
    // What did not fit in the submission queue, the wake-up too, must reach the kernel before we
    // sleep.
    if (completions.get() != completionsBefore || ::io_uring_cq_ready(&ring) != 0 ||
        !waitingOperations.empty() || !waitingCancellations.empty() || !wakeUpArmed)
    {
        poll();
        return;
    }
    __kernel_timespec timeout = {};
    __kernel_timespec* timeoutArgument = nullptr;
    if (until != NoDeadline)
    {
        const auto left = until - now();
        if (left <= Clock::duration::zero())
        {
            poll();
            return;
        }
        timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
        timeout.tv_nsec = (left % std::chrono::seconds(1)).count();
        timeoutArgument = &timeout;
    }
    systemCalls.add(1);
    io_uring_cqe* first = nullptr;
    handleEnterResult(
        ::io_uring_submit_and_wait_timeout(&ring, &first, 1, timeoutArgument, nullptr));
    reap();
}

/// Not by the minimum wait of io_uring_enter (Linux 6.12): under it a wake-up by another thread is
/// one completion of many and waits with the others.
void UringEngine::gather(Clock::time_point until) noexcept
{
    if (wakeUpSeen)
    {
        // Whoever wakes from here on is seen below, or has left a message that the loop finds
        // first.
        emptyWakeDescriptor();
        poll();
        return;
    }
    const auto completionsBefore = completions.get();
    fillSubmissionQueue();
    if (::io_uring_sq_ready(&ring) != 0)
    {
        // Brings out no completions but those of what is done at once.
        systemCalls.add(1);
        handleEnterResult(::io_uring_submit(&ring));
    }
    const bool submitted = waitingOperations.empty() && waitingCancellations.empty() && wakeUpArmed;
    // A cancellation of what the kernel has not seen may have completed and made a fiber ready.
    const bool nothingCompleted =
        completions.get() == completionsBefore && ::io_uring_cq_ready(&ring) == 0;
    if (submitted && nothingCompleted)
    {
        systemCalls.add(1);
        detail::awaitReadable(wakeDescriptor, until - now());
    }
    poll();
}

void UringEngine::emptyWakeDescriptor() noexcept
{
    std::uint64_t wakes = 0;
    [[maybe_unused]] const auto size = ::read(wakeDescriptor, &wakes, sizeof(wakes));
    wakeUpSeen = false;
}

void UringEngine::handleEnterResult(int result) noexcept
{
    if (result >= 0)
    {
        return;
    }
    switch (-result)
    {
    case ETIME:  // the park's time-out
    case EINTR:  // a signal; the loop comes again
    case EAGAIN: // the kernel is short of memory for requests: reaping frees some
    case EBUSY:  // the completion queue has overflowed: reap, then submit again
        return;
    default:
        std::fprintf(stderr, "weft: io_uring_enter: %s\n", std::strerror(-result));
        WEFT_ASSERT(!"io_uring_enter failed in a way that the engine does not know");
    }
}

/// Has the cache fetch the stack of the fiber that waits for each operation, around the operation:
/// the frames of its calls, down to that of the switch, and up to the source's window. They are
/// long out of the cache when there are many sources, and a fiber that runs into them line by line
/// waits for each. Only where few complete at once: a flood over many became dearer by it. The
/// distances cover a receive of a TCP source.
void UringEngine::fetchWaitingStacks() const noexcept
{
    constexpr unsigned CompletionsMost = 4;
    constexpr std::ptrdiff_t LineBytes = 64;
    constexpr std::ptrdiff_t BytesBelow = 640;
    constexpr std::ptrdiff_t BytesAbove = 960;
    if (::io_uring_cq_ready(&ring) > CompletionsMost)
    {
        return;
    }
    unsigned head = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(&ring, head, entry)
    {
        const auto tag = ::io_uring_cqe_get_data64(entry);
        if (tag != WakeUpTag && (tag & CancellationBit) == 0)
        {
            const auto* const operation = reinterpret_cast<const std::byte*>(tag);
            for (auto offset = -BytesBelow; offset < BytesAbove; offset += LineBytes)
            {
                __builtin_prefetch(operation + offset, 1);
            }
        }
    }
}

unsigned UringEngine::reap() noexcept
{
    fetchWaitingStacks();
    if ((IO_URING_READ_ONCE(*ring.sq.kflags) & IORING_SQ_CQ_OVERFLOW) != 0)
    {
        completionOverflows.add(1);
    }
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(&ring, head, entry)
    {
        ++count;
        const auto tag = ::io_uring_cqe_get_data64(entry);
        if (tag == WakeUpTag)
        {
            wakeUps.add(1);
            wakeUpSeen = true;
            if ((entry->flags & IORING_CQE_F_MORE) == 0)
            {
                // Emptied first, or the new poll would find the old wake-ups.
                emptyWakeDescriptor();
                wakeUpArmed = false;
            }
        }
        else if ((tag & CancellationBit) != 0)
        {
            cancellationAnswered(*reinterpret_cast<Operation*>(tag & ~CancellationBit), entry->res);
        }
        else
        {
            kernelEnded(*reinterpret_cast<Operation*>(tag), entry->res);
        }
    }
    ::io_uring_cq_advance(&ring, count);
    return count;
}

void UringEngine::kernelEnded(Operation& operation, std::int32_t result) noexcept
{
    if (operation.phase == Operation::Phase::Cancelling)
    {
        operation.phase = Operation::Phase::Ended;
        operation.result = result;
        return;
    }
    complete(operation, result);
}

void UringEngine::cancellationAnswered(Operation& operation, std::int32_t answer) noexcept
{
    if (operation.phase == Operation::Phase::Ended)
    {
        complete(operation, operation.result);
        return;
    }
    operation.phase = Operation::Phase::Submitted;
    if (answer == -ENOENT && operation.cancellationsLeft != 0)
    {
        --operation.cancellationsLeft;
        waitingCancellations.push_back(operation);
    }
}

void UringEngine::complete(Operation& operation, std::int32_t result) noexcept
{
    WEFT_ASSERT(operation.phase != Operation::Phase::Idle);
    if (operation.cancelHook.is_linked())
    {
        waitingCancellations.erase(waitingCancellations.iterator_to(operation));
    }
    completions.add(1);
    operation.phase = Operation::Phase::Idle;
    operation.result = result;
    operation.completed(operation);
}

EngineStatistics UringEngine::statistics() const noexcept
{
    return {
        .systemCalls = systemCalls.get(),
        .atOnce = atOnce.get(),
        .operations = operations.get(),
        .completions = completions.get(),
        .cancellations = cancellations.get(),
        .queuedOperations = queuedOperations.get(),
        .completionOverflows = completionOverflows.get(),
        .wakeUps = wakeUps.get(),
    };
}

} // namespace weft
