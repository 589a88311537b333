// The contexts that fibers run on: how they are made, kept for the next fiber, and ended. This file
// is compiled without sanitizers: the short visits that Boost.Context pays to a new stack to
// prepare it, and to an old one to release it, would confuse them.

#include <weft/fibers/scheduler.hpp>
#include <weft/memory/assert.hpp>

#include <boost/context/stack_context.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

#include <memory>
#include <new>
#include <utility>

namespace weft
{

namespace
{

/// Names the specialisation below.
class FiberSpecificValues;

} // namespace

} // namespace weft

/// Boost.Fiber keeps the values of fiber_specific_ptr in the context, deletes them when it ends,
/// and has no call that asks for them. It befriends all specialisations of worker_context.
template <>
class boost::fibers::worker_context<weft::FiberSpecificValues>
{
public:
    static bool existIn(const context& owner) noexcept
    {
        return !owner.fss_data_.empty();
    }
};

namespace weft
{

/// For contexts that Boost.Fiber's own calls make on a reactor (boost::fibers::async, say).
class ForeignContextHook final : public ContextHook
{
public:
    ForeignContextHook(boost::fibers::context& context, Scheduler& owner) noexcept
        : ContextHook(&context, nullptr),
          scheduler(owner)
    {
        idleState.prepareOnStackOfBoost(context);
        ++scheduler.foreignContexts;
    }

    ~ForeignContextHook() override
    {
        --scheduler.foreignContexts;
        scheduler.contextEnded();
    }

    static void operator delete(void* memory) noexcept
    {
        ::operator delete(memory);
    }

private:
    Scheduler& scheduler;
};

/// Boost.Context's stack allocator concept over the stack that the fiber's record already has.
class SlabStackAllocator
{
public:
    SlabStackAllocator(Scheduler& owner, const Stack& taken) noexcept
        : scheduler(&owner),
          stack(taken)
    {
    }

    boost::context::stack_context allocate() noexcept
    {
        boost::context::stack_context context;
        context.size = stack.sizeBytes;
        context.sp = stack.top();
        return context;
    }

    void deallocate(boost::context::stack_context&) noexcept
    {
        --scheduler->contextsOnStacks;
        if (auto* const record = std::exchange(scheduler->tenants.of(stack).lastFiber, nullptr))
        {
            record->line.switchState.discard();
            scheduler->stackReleased(*record);
        }
    }

private:
    Scheduler* scheduler;
    Stack stack;
};

void Scheduler::startFiber(FiberRecord& record) noexcept
{
    auto& tenant = tenants.of(record.stack);
    if (auto* const context = std::exchange(tenant.idle, nullptr))
    {
        auto& hook = *static_cast<ContextHook*>(context->get_properties());
        WEFT_ASSERT(hook.record == nullptr);
        hook.record = &record;
        record.line.switchState.takeOver(hook.idleState);
        makeReady({.context = context, .record = &record});
        return;
    }
    record.line.switchState.prepare(record.stack.bottom, record.stack.sizeBytes);
    ++contextsOnStacks;
    boost::fibers::fiber_properties* hook =
        ::new (tenant.hookStorage) ContextHook(nullptr, &record);
    boost::fibers::fiber(boost::fibers::launch::post, std::move(hook), std::allocator_arg,
                         SlabStackAllocator(*this, record.stack),
                         [this, &tenant]() noexcept
                         {
                             do
                             {
                                 announcedRecord->run();
                             } while (keepContext(tenant));
                         })
        .detach();
}

/// The active fiber has run. Gives its stack back with the context still on it, and waits there
/// for the next fiber that is given this stack: making a context and ending it again is half of
/// what a short fiber costs. False when the context must end instead, at the end of the reactor, or
/// with a fiber that has values to be deleted with it. Suspends.
bool Scheduler::keepContext(StackTenant& tenant) noexcept
{
    auto& context = *announced;
    auto& record = *announcedRecord;
    WEFT_ASSERT(record.line.state() == FiberState::Finished);
    if (boost::fibers::worker_context<FiberSpecificValues>::existIn(context))
    {
        tenant.lastFiber = &record;
        return false;
    }
    auto& hook = *static_cast<ContextHook*>(context.get_properties());
    hook.idleState.takeOver(record.line.switchState);
    hook.record = nullptr;
    tenant.idle = &context;
    announcedRecord = nullptr;
    stackReleased(record);
    switchAway();
    WEFT_ASSERT(announcedRecord == hook.record);
    return announcedRecord != nullptr;
}

void Scheduler::endIdleContexts() noexcept
{
    WEFT_ASSERT(liveFibers.load(std::memory_order_relaxed) == 0 && foreignContexts == 0);
    idleContextsEnd = true;
    slab.forEachTaken(
        [this](const Stack& stack) noexcept
        {
            if (auto* const context = std::exchange(tenants.of(stack).idle, nullptr))
            {
                makeReady({.context = context, .record = nullptr});
            }
        });
    while (contextsOnStacks > 0)
    {
        endTurn(); // in the loop's turn Boost releases those that have ended
        boost::this_fiber::yield();
    }
}

FiberRecord* Scheduler::recordOf(boost::fibers::context& context) noexcept
{
    if (!context.is_context(boost::fibers::type::worker_context))
    {
        return nullptr;
    }
    if (context.get_properties() == nullptr)
    {
        context.set_properties(new ForeignContextHook(context, *this));
    }
    return static_cast<ContextHook*>(context.get_properties())->record;
}

} // namespace weft
