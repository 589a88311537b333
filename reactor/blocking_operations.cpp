#include <weft/fibers/scheduler.hpp>
#include <weft/memory/assert.hpp>
#include <weft/reactor/attempt.hpp>
#include <weft/reactor/blocking_operations.hpp>
#include <weft/reactor/system_call.hpp>

#include <cerrno>
#include <new>

namespace weft
{

BlockingCall::BlockingCall(Operation& whole) noexcept
    : InboxItem(
          [](InboxItem& item) noexcept
          {
              auto& call = static_cast<BlockingCall&>(item);
              call.owner->ended.add(call.operation, call.operation.result);
          }),
      operation(whole)
{
}

void BlockingCall::run() noexcept
{
    auto* const scheduler = owner->scheduler;
    operation.result = callThatBlocks(operation);
    // From here the operation may be reported, and be gone with the fiber that waited for it.
    scheduler->post(*this);
}

BlockingOperations::BlockingOperations(OffloadExecutor* offloadExecutor,
                                       Scheduler* reactorScheduler,
                                       EndedOperations& endedOperations) noexcept
    : executor(offloadExecutor),
      scheduler(reactorScheduler),
      ended(endedOperations)
{
}

void BlockingOperations::start(Operation& operation) noexcept
{
    WEFT_ASSERT(executor != nullptr);
    WEFT_ASSERT(scheduler != nullptr);
    operation.phase = Operation::Phase::Submitted;
    operation.blockingCall.owner = this;
    std::int32_t refusal = 0;
    try
    {
        refusal = -executor->submit(operation.blockingCall).value();
    }
    catch (const std::bad_alloc&)
    {
        refusal = -ENOMEM;
    }
    if (refusal == 0)
    {
        return;
    }
    if (operation.kind == OperationKind::Close)
    {
        refusal = detail::callOnce(operation);
    }
    else if (detail::isTransfer(operation))
    {
        // No thread is EAGAIN too, and must not be taken for a descriptor that is not ready.
        operation.retryWhenReady = false;
    }
    ended.add(operation, refusal);
}

void BlockingOperations::cancel(Operation& operation) noexcept
{
    if (executor->withdraw(operation.blockingCall))
    {
        ended.add(operation, -ECANCELED);
    }
}

} // namespace weft
