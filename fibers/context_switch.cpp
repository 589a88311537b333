// The switch from one stack to another. This file is compiled without sanitizers: a function that
// begins on one stack and ends on another would confuse them.

#include <weft/fibers/scheduler.hpp>

#if defined(WEFT_ADDRESS_SANITIZER)
#    include <sanitizer/common_interface_defs.h>
#endif
#if defined(WEFT_THREAD_SANITIZER)
#    include <sanitizer/tsan_interface.h>
#endif

namespace weft
{

void Scheduler::awakened(boost::fibers::context* context) noexcept
{
    if (context->is_context(boost::fibers::type::dispatcher_context))
    {
        if (dispatcher == nullptr)
        {
            dispatcher = context;
            dispatcherState.prepareOnStackOfBoost(*context);
        }
        return;
    }
    // A fiber launched with launch::dispatch is entered without pick_next(): the first that we
    // hear of it is that the context which it has pushed aside is ready again.
    if (context == announced)
    {
        if (auto* const active = boost::fibers::context::active(); active != context)
        {
            changeContext({.context = active, .record = recordOf(*active)}, FiberState::Ready);
        }
    }
    makeReady({.context = context, .record = recordOf(*context)});
}

FiberContext Scheduler::waitingForTurn(const FiberContext& waiting) const noexcept
{
    if (waiting.record != nullptr)
    {
        waiting.record->line.setState(FiberState::Ready, timeOfTurn);
    }
    return waiting;
}

boost::fibers::context* Scheduler::pick_next() noexcept
{
    if (announced == dispatcher)
    {
        turn();
        if (!anyReady())
        {
            return nullptr;
        }
        switchesLeft = SwitchesPerTurn;
    }
    return enterNext(FiberState::Suspended);
}

void Scheduler::switchAway() noexcept
{
    enterNext(FiberState::Suspended)->resume();
}

void Scheduler::yield() noexcept
{
    if (ready.empty())
    {
        // Nobody to hand the core to but the loop: those that give way stand behind us.
        endTurn();
    }
    // Queued before the switch. Boost's own yield does it after, on the next one's stack, for
    // schedulers that let other threads take from their queue.
    makeReady(activeContext());
    enterNext(FiberState::Ready)->resume();
}

void Scheduler::giveWay(bool keepsPlace) noexcept
{
    if (!anyReady())
    {
        endTurn();
    }
    const auto self = waitingForTurn(activeContext());
    if (keepsPlace && activeHasPlace)
    {
        givingWay.pushFirst(self);
    }
    else
    {
        givingWay.push(self);
    }
    auto* const next = enterNext(FiberState::Ready);
    if (next != self.context)
    {
        next->resume();
    }
    else if (self.record != nullptr)
    {
        self.record->line.setState(FiberState::Running, timeOfTurn);
    }
}

/// There is one.
FiberContext Scheduler::popReady() noexcept
{
    if (givingWay.empty())
    {
        activeHasPlace = false;
        return ready.pop();
    }
    activeHasPlace = ready.empty() || switchesPastGivingWay == SwitchesBeforeGivingWay;
    switchesPastGivingWay = activeHasPlace ? 0 : switchesPastGivingWay + 1;
    return activeHasPlace ? givingWay.pop() : ready.pop();
}

boost::fibers::context* Scheduler::enterNext(FiberState leftIn) noexcept
{
    FiberContext next{.context = dispatcher, .record = nullptr};
    if (switchesLeft > 0 && anyReady())
    {
        --switchesLeft;
        next = popReady();
    }
    if (next.context != announced)
    {
        changeContext(next, leftIn);
    }
    return next.context;
}

void Scheduler::changeContext(const FiberContext& to, FiberState leftIn) noexcept
{
    auto& from = switchStateOf(*announced, announcedRecord);
    // At the end of the reactor all others that run were resumed in order to end.
    bool fromHasFinished = idleContextsEnd && announced != mainContext && announced != dispatcher;
    if (announcedRecord != nullptr)
    {
        auto& line = announcedRecord->line;
        fromHasFinished = line.state() == FiberState::Finished;
        if (!fromHasFinished)
        {
            line.setState(leftIn, timeOfTurn);
            line.frame.store(static_cast<std::byte*>(__builtin_frame_address(0)),
                             std::memory_order_release);
        }
    }
    if (to.record != nullptr)
    {
        to.record->line.setState(FiberState::Running, timeOfTurn);
    }
    announced = to.context;
    leftRecord = announcedRecord;
    announcedRecord = to.record;
    SwitchState::change(*exceptionGlobals, from, switchStateOf(*to.context, to.record),
                        fromHasFinished);
}

SwitchState& Scheduler::switchStateOf(boost::fibers::context& context, FiberRecord* record) noexcept
{
    if (record != nullptr)
    {
        return record->line.switchState;
    }
    if (&context == mainContext)
    {
        return mainState;
    }
    return &context == dispatcher ? dispatcherState
                                  : static_cast<ContextHook*>(context.get_properties())->idleState;
}

void Scheduler::notify() noexcept
{
    remoteReady.store(true, std::memory_order_relaxed);
    if (current() != this)
    {
        notifyParked();
    }
    else if (hasLeft && announced == dispatcher)
    {
        // The thread ends: the dispatcher goes back to the main context without pick_next().
        changeContext({.context = mainContext, .record = nullptr}, FiberState::Suspended);
    }
}

void SwitchState::change(ExceptionGlobals& globals, SwitchState& from, SwitchState& to,
                         [[maybe_unused]] bool fromHasFinished) noexcept
{
    from.exceptions = globals;
    globals = to.exceptions;
#if defined(WEFT_ADDRESS_SANITIZER)
    const void* leftBottom = nullptr;
    std::size_t leftSizeBytes = 0;
    __sanitizer_start_switch_fiber(fromHasFinished ? nullptr : &from.fakeStack, to.bottom,
                                   to.sizeBytes);
    __sanitizer_finish_switch_fiber(to.fakeStack, &leftBottom, &leftSizeBytes);
    if (from.bottom == nullptr)
    {
        from.bottom = leftBottom;
        from.sizeBytes = leftSizeBytes;
    }
#endif
#if defined(WEFT_THREAD_SANITIZER)
    __tsan_switch_to_fiber(to.threadSanitizerFiber, 0);
#endif
}

} // namespace weft
