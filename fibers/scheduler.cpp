#include <weft/fibers/scheduler.hpp>
#include <weft/memory/assert.hpp>
#include <weft/memory/memory_error.hpp>
#include <weft/memory/planted_mistake.hpp>
#include <weft/timers/clock.hpp>

#include <boost/fiber/operations.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <system_error>
#include <utility>
#include <vector>

namespace weft
{

constinit thread_local Scheduler* Scheduler::currentScheduler = nullptr;

Scheduler::ExitItem::ExitItem(Scheduler& owner) noexcept
    : InboxItem(
          [](InboxItem& item) noexcept
          {
              auto& self = static_cast<ExitItem&>(item);
              // Before looking: what ends from here on posts again.
              self.posted.store(false, std::memory_order_seq_cst);
              self.scheduler.contextEnded();
          }),
      scheduler(owner)
{
}

Scheduler::Scheduler(const SchedulerOptions& options)
    : index(options.reactorIndex),
      slab(options.stacks),
      tenants(options.stacks),
      recordPool(options.recordsMax),
      ready(options.recordsMax + 1), // the main context
      givingWay(options.recordsMax)
{
}

Scheduler::~Scheduler() = default;

Scheduler* Scheduler::exchangeCurrent(Scheduler* scheduler) noexcept
{
    return std::exchange(currentScheduler, scheduler);
}

void Scheduler::enter(ReactorDriver& reactorDriver)
{
    WEFT_ASSERT(currentScheduler == nullptr);
    currentScheduler = this;
    driver = &reactorDriver;
    timeOfTurn = driver->now();
    mainContext = boost::fibers::context::active();
    mainState.adoptThread();
    exceptionGlobals = &SwitchState::threadExceptionGlobals();
    announced = mainContext;
    mainContext->get_scheduler()->set_algo(this);
    WEFT_ASSERT(dispatcher != nullptr);
}

void Scheduler::runUntilExit()
{
    for (;;)
    {
        while (!mayExit())
        {
            mainWaits = true;
            mainContext->suspend();
            mainWaits = false;
        }
        // Pairs with newRecord(): either it sees that we have closed, or we see its fiber.
        closed.store(true, std::memory_order_seq_cst);
        if (liveFibers.load(std::memory_order_seq_cst) == 0 && inbox.empty())
        {
            break;
        }
        closed.store(false, std::memory_order_seq_cst);
        boost::this_fiber::yield();
    }
    endIdleContexts();
}

void Scheduler::leave() noexcept
{
    // What came between the last look and now wakes nobody: there is no fiber left.
    inbox.deliverAll();
    WEFT_ASSERT(!anyReady());
    hasLeft = true;
}

bool Scheduler::mayExit() const noexcept
{
    return exitAllowed.load(std::memory_order_seq_cst) &&
           liveFibers.load(std::memory_order_seq_cst) == 0 && foreignContexts == 0;
}

void Scheduler::contextEnded() noexcept
{
    if (mainWaits && mayExit())
    {
        mainWaits = false;
        awakened(mainContext);
    }
}

void Scheduler::allowExit() noexcept
{
    if (!exitAllowed.exchange(true, std::memory_order_seq_cst))
    {
        postExitItem();
    }
}

void Scheduler::postExitItem() noexcept
{
    if (!exitItem.posted.exchange(true, std::memory_order_seq_cst))
    {
        post(exitItem);
    }
}

/// A record that was counted and given up before it ran. The reactor may have looked meanwhile,
/// found it, and gone to sleep instead of ending.
void Scheduler::fiberNeverRan() noexcept
{
    liveFibers.fetch_sub(1, std::memory_order_seq_cst);
    if (exitAllowed.load(std::memory_order_seq_cst))
    {
        postExitItem();
    }
}

FiberRecord& Scheduler::newRecord(std::string_view name, StackClass stackClass)
{
    liveFibers.fetch_add(1, std::memory_order_seq_cst);
    FiberRecord* record = nullptr;
    // While stopping, fibers may still spawn what they need to clean up; other threads may not, or
    // a busy one could keep the reactor from ever running out of fibers.
    const bool refused = closed.load(std::memory_order_seq_cst) ||
                         (stopping.load(std::memory_order_seq_cst) && currentScheduler == nullptr);
    if (!refused)
    {
        record = recordPool.tryAllocate(*this, name, stackClass);
    }
    if (record == nullptr)
    {
        fiberNeverRan();
        const auto condition = std::make_error_code(std::errc::resource_unavailable_try_again);
        if (refused)
        {
            throw std::system_error(
                condition, fmt::format("cannot spawn fiber '{}': the runtime shuts down", name));
        }
        throw std::system_error(
            condition,
            fmt::format("cannot spawn fiber '{}': all {} fiber records of reactor {} are "
                        "in use; raise the number of stacks or spawn fewer fibers",
                        name, recordPool.capacity(), index));
    }
    return *record;
}

void Scheduler::submit(FiberRecord& record) noexcept
{
    const bool onOwnThread = currentScheduler == this;
    record.line.setState(FiberState::Queued, onOwnThread ? timeOfTurn : Clock::now());
    // Either stopAll() finds the record in the pool, or we see here that it has begun.
    if (stopping.load(std::memory_order_seq_cst))
    {
        record.requestStop();
    }
    if (!onOwnThread)
    {
        post(record.startItem);
        return;
    }
    // At once where nobody waits for a stack of the class: a fiber that spawns and joins is then
    // handed to its child, and back, without a turn of the loop.
    const auto& queue = startQueues[static_cast<std::size_t>(record.stackClass())];
    if (queue.first != nullptr || startsLeft == 0 || tryStart(record))
    {
        enqueueStart(record);
    }
}

void Scheduler::abandonRecord(FiberRecord& record) noexcept
{
    record.releaseReference(); // the fiber's
    record.releaseReference(); // the spawner's
    fiberNeverRan();
}

void Scheduler::freeRecord(FiberRecord& record) noexcept
{
    recordPool.free(record);
}

void Scheduler::stopAll() noexcept
{
    stopping.store(true, std::memory_order_seq_cst);
    // Outside the pool's lock: a stop calls the callbacks that fibers have registered.
    std::vector<FiberRecord*> records;
    recordPool.forEach(
        [&records](FiberRecord& record)
        {
            // The last reference may have gone already, its owner waiting for the pool's lock.
            if (record.tryAddReference())
            {
                records.push_back(&record);
            }
        });
    for (auto* const record : records)
    {
        record->requestStop();
        record->releaseReference();
    }
}

void Scheduler::post(InboxItem& item) noexcept
{
    inbox.push(item);
    notifyParked();
}

/// The waking side of the hand-shake with suspend_until(): publish the work, fence, then look
/// whether the reactor has published that it sleeps. One of the two sides sees the other.
void Scheduler::notifyParked() noexcept
{
    std::atomic_thread_fence(std::memory_order_seq_cst);
    // The exchange lets only one of many wakers pay for the system call.
    if (parked.load(std::memory_order_relaxed) && parked.exchange(false, std::memory_order_acq_rel))
    {
        driver->wake();
    }
}

void Scheduler::suspend_until(const std::chrono::steady_clock::time_point& until) noexcept
{
    if (hasLeft)
    {
        return;
    }
    parked.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst); // pairs with notifyParked()
    if (planted(Mistake::LoseWakeUp) ||
        (inbox.empty() && !remoteReady.load(std::memory_order_relaxed)))
    {
        driver->park(until);
    }
    parked.store(false, std::memory_order_relaxed);
    // Boost's remote queue is emptied after this by the dispatcher, before it looks for work.
    remoteReady.store(false, std::memory_order_relaxed);
}

void Scheduler::turn() noexcept
{
    if (hasLeft)
    {
        return;
    }
    timeOfTurn = driver->now();
    startsLeft = StartsPerTurn;
    inbox.deliverAll();
    startQueued();
    driver->turn(anyReady());
}

void Scheduler::enqueueStart(FiberRecord& record) noexcept
{
    auto& queue = startQueues[static_cast<std::size_t>(record.stackClass())];
    record.nextQueued = nullptr;
    (queue.last != nullptr ? queue.last->nextQueued : queue.first) = &record;
    queue.last = &record;
}

void Scheduler::startQueued() noexcept
{
    if (std::ranges::all_of(startQueues,
                            [](const StartQueue& queue)
                            {
                                return queue.first == nullptr;
                            }))
    {
        return;
    }
    // Each turn begins with another class, so that a flood of one does not starve the others.
    firstStartQueue = (firstStartQueue + 1) % startQueues.size();
    for (std::size_t offset = 0; offset < startQueues.size(); ++offset)
    {
        auto& queue = startQueues[(firstStartQueue + offset) % startQueues.size()];
        while (queue.first != nullptr && startsLeft > 0)
        {
            auto& record = *queue.first;
            auto* const following = record.nextQueued;
            if (const auto error = tryStart(record))
            {
                // No free stack: the queue waits until a fiber of this class ends.
                reportStackError(record, error);
                break;
            }
            queue.first = following;
            if (queue.first == nullptr)
            {
                queue.last = nullptr;
            }
        }
    }
}

/// Makes the fiber ready if there is a stack for it.
std::error_code Scheduler::tryStart(FiberRecord& record) noexcept
{
    auto stack = slab.take(record.stackClass());
    if (!stack)
    {
        return stack.error();
    }
    record.stack = *stack;
    record.stackTop.store(stack->top(), std::memory_order_relaxed);
    startFiber(record);
    --startsLeft;
    return {};
}

void Scheduler::reportStackError(const FiberRecord& record, std::error_code error) noexcept
{
    if (error != MemoryError::NoFreeStack && !std::exchange(stackErrorReported, true))
    {
        fmt::print(stderr,
                   "weft: reactor {} cannot make another {} stack ({}); fiber '{}' and others wait "
                   "until one is free\n",
                   index, toString(record.stackClass()), error.message(), record.name());
    }
}

void Scheduler::stackReleased(FiberRecord& record) noexcept
{
    slab.give(record.stack);
    record.releaseReference();
    liveFibers.fetch_sub(1, std::memory_order_seq_cst);
    contextEnded();
}

const FiberRecord* Scheduler::recordOn(const std::byte* stackBottom) const noexcept
{
    for (const auto* const record : {announcedRecord, leftRecord})
    {
        if (record != nullptr && record->stack.bottom == stackBottom)
        {
            return record;
        }
    }
    return nullptr;
}

void Scheduler::suspend(WaitListener* listener) noexcept
{
    WEFT_ASSERT(currentScheduler == this);
    WEFT_ASSERT(announced != dispatcher);
    auto* const record = announcedRecord;
    if (record != nullptr)
    {
        WEFT_ASSERT(record->waitListener == nullptr);
        record->waitListener = listener;
    }
    switchAway();
    if (record != nullptr)
    {
        record->waitListener = nullptr;
    }
}

bool Scheduler::has_ready_fibers() const noexcept
{
    return anyReady();
}

} // namespace weft
