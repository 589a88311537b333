#pragma once

#include <weft/fibers/fiber_record.hpp>
#include <weft/fibers/inbox.hpp>
#include <weft/fibers/ready_queue.hpp>
#include <weft/fibers/record_pool.hpp>
#include <weft/fibers/stack_tenant.hpp>
#include <weft/memory/stack_slab.hpp>

#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/context.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace weft
{

/// What the scheduler asks of the layer above: time, I/O and sleep.
class ReactorDriver
{
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// The reactor's clock.
    virtual TimePoint now() noexcept = 0;

    /// One turn without waiting: fires expired timers and, when `fibersAreReady`, submits and reaps
    /// I/O. When none is ready the scheduler parks next, and parking submits in the same system
    /// call that waits. Makes fibers ready.
    virtual void turn(bool fibersAreReady) noexcept = 0;

    /// Submits, then waits for a completion, a wake-up, a timer or `until`.
    virtual void park(TimePoint until) noexcept = 0;

    /// Ends a park. Any thread.
    virtual void wake() noexcept = 0;

protected:
    ~ReactorDriver() = default;
};

struct SchedulerOptions
{
    std::size_t reactorIndex = 0;
    StackSlabOptions stacks;
    std::size_t recordsMax = 0;
};

/// The Boost.Fiber scheduling algorithm that is the reactor loop. Boost's dispatcher context turns
/// the wheel: each time it runs it
///   1. releases the fibers that have ended and takes in those that other threads have woken
///      through Boost's own primitives (both in Boost's code),
///   2. delivers the inbox: spawns, stops, whatever other threads have posted,
///   3. gives stacks to spawned fibers that wait for one,
///   4. lets the driver submit and reap I/O and fire timers,
///   5. hands the core to the first ready fiber, or parks when there is none.
/// Ready fibers hand the core to each other directly; the dispatcher is not in their queue. It is
/// handed out when the queue is empty or the budget of switches is spent, so a switch costs no turn
/// of the loop, and fibers that are always ready cannot keep I/O from being served. Fibers that
/// give way, because they could go on for long, have a queue of their own, which is looked at when
/// the other is empty, and at least once in so many switches.
class Scheduler final : public boost::fibers::algo::algorithm
{
public:
    /// Switches between fibers before the loop takes its turn again.
    static constexpr std::uint32_t SwitchesPerTurn = 128;
    /// Switches to other fibers before one that gives way has its turn in any case.
    static constexpr std::uint32_t SwitchesBeforeGivingWay = SwitchesPerTurn;
    /// Fibers started in one turn: few, so that short fibers reuse the same warm stacks.
    static constexpr std::uint32_t StartsPerTurn = 16;

    /// Throws std::system_error when stacks or records cannot be mapped.
    explicit Scheduler(const SchedulerOptions& options);
    ~Scheduler() override;

    /// The scheduler of the calling thread; null on threads that are not reactors.
    static Scheduler* current() noexcept
    {
        return currentScheduler;
    }

    /// Makes `scheduler` what current() answers on the calling thread, and returns what it was. For
    /// OutsideReactor.
    static Scheduler* exchangeCurrent(Scheduler* scheduler) noexcept;

    /// Makes this the calling thread's scheduler, driven by `driver`. Owner thread, once.
    void enter(ReactorDriver& driver);

    /// Runs fibers until all have ended after allowExit(). Owner thread's main context.
    void runUntilExit();

    /// From here on the driver is not called. Owner thread's main context, after runUntilExit().
    void leave() noexcept;

    /// Lets runUntilExit() return when no fiber is left. Any thread.
    void allowExit() noexcept;

    // Any thread.

    /// A record for a new fiber, with one reference for the fiber and one for the caller. Throws
    /// std::system_error (resource_unavailable_try_again) when all are in use.
    FiberRecord& newRecord(std::string_view name, StackClass stackClass);
    /// Hands the record over to be run.
    void submit(FiberRecord& record) noexcept;
    /// Gives back a record that was not submitted.
    void abandonRecord(FiberRecord& record) noexcept;
    void freeRecord(FiberRecord& record) noexcept;
    /// Requests a stop of every fiber. From now on fibers that fibers spawn are born stopped, and
    /// other threads cannot spawn.
    void stopAll() noexcept;
    /// Delivers the item on the scheduler's thread, soon.
    void post(InboxItem& item) noexcept;

    std::size_t reactorIndex() const noexcept
    {
        return index;
    }

    const StackSlab& stacks() const noexcept
    {
        return slab;
    }

    RecordPool& records() noexcept
    {
        return recordPool;
    }

    // Owner thread.

    /// The record of the running fiber; null on the main context and on contexts made by
    /// Boost.Fiber's own calls.
    FiberRecord* activeRecord() const noexcept
    {
        return announcedRecord;
    }

    /// The fiber on the stack that begins there, if it is active or being left: between the choice
    /// of the next one and the jump, the active fiber still uses the stack of the one before. For a
    /// signal handler.
    const FiberRecord* recordOn(const std::byte* stackBottom) const noexcept;

    /// Suspends the calling fiber until makeReady(). A stop that comes meanwhile, or a deadline
    /// that is brought forward, is told to the listener, if there is one. Suspends.
    void suspend(WaitListener* listener = nullptr) noexcept;

    /// Lets the other ready contexts run first. Not on the dispatcher context. Suspends.
    void yield() noexcept;

    /// Lets the others run first whatever has made them ready meanwhile, the I/O of this turn
    /// included. `keepsPlace`: if its own turn has come among those that give way, it goes on
    /// before them, otherwise behind them. Not on the dispatcher context. Suspends.
    void giveWay(bool keepsPlace) noexcept;

    /// What makeReady() takes, of the calling context.
    FiberContext activeContext() const noexcept
    {
        return {.context = announced, .record = announcedRecord};
    }

    /// It has suspended itself, by suspend() or in a call of Boost.Fiber's, or is about to.
    void makeReady(const FiberContext& suspended) noexcept
    {
        ready.push(waitingForTurn(suspended));
    }

    /// The loop takes its turn before another fiber runs.
    void endTurn() noexcept
    {
        switchesLeft = 0;
    }

    /// The time that the last turn read, good enough for bookkeeping.
    ReactorDriver::TimePoint turnTime() const noexcept
    {
        return timeOfTurn;
    }

    // Boost.Fiber's side.

    void awakened(boost::fibers::context* context) noexcept override;
    boost::fibers::context* pick_next() noexcept override;
    bool has_ready_fibers() const noexcept override;
    void suspend_until(const std::chrono::steady_clock::time_point& until) noexcept override;
    void notify() noexcept override;

private:
    friend class FiberRecord;
    friend class ForeignContextHook;
    friend class SlabStackAllocator;

    /// A queue of spawned fibers that wait for a stack of one class.
    struct StartQueue
    {
        FiberRecord* first = nullptr;
        FiberRecord* last = nullptr;
    };

    struct ExitItem : InboxItem
    {
        explicit ExitItem(Scheduler& owner) noexcept;

        Scheduler& scheduler;
        std::atomic<bool> posted = false;
    };

    // constinit spares each use the call that other thread-local variables need.
    static constinit thread_local Scheduler* currentScheduler;

    void enqueueStart(FiberRecord& record) noexcept;
    void startQueued() noexcept;
    std::error_code tryStart(FiberRecord& record) noexcept;
    void startFiber(FiberRecord& record) noexcept;
    bool keepContext(StackTenant& tenant) noexcept;
    void endIdleContexts() noexcept;
    void stackReleased(FiberRecord& record) noexcept;
    void turn() noexcept;
    /// The context to resume now; leaves the active one in that state, unless it has finished.
    boost::fibers::context* enterNext(FiberState leftIn) noexcept;
    void changeContext(const FiberContext& to, FiberState leftIn) noexcept;
    void switchAway() noexcept;
    FiberContext waitingForTurn(const FiberContext& waiting) const noexcept;

    bool anyReady() const noexcept
    {
        return !ready.empty() || !givingWay.empty();
    }

    FiberContext popReady() noexcept;
    FiberRecord* recordOf(boost::fibers::context& context) noexcept;
    SwitchState& switchStateOf(boost::fibers::context& context, FiberRecord* record) noexcept;
    void contextEnded() noexcept;
    void fiberNeverRan() noexcept;
    void postExitItem() noexcept;
    bool mayExit() const noexcept;
    void notifyParked() noexcept;
    void reportStackError(const FiberRecord& record, std::error_code error) noexcept;

    const std::size_t index;
    StackSlab slab;
    const StackTenants tenants;
    RecordPool recordPool;

    // Shared with other threads.
    Inbox inbox;
    std::atomic<bool> parked = false;
    std::atomic<bool> remoteReady = false;
    std::atomic<bool> exitAllowed = false;
    std::atomic<bool> stopping = false;
    std::atomic<bool> closed = false;
    ExitItem exitItem{*this};
    std::atomic<std::size_t> liveFibers = 0;

    // Set by enter() and kept: a thread that has seen us parked may call wake() late, when the
    // reactor has already gone on for another reason, ended its fibers and left.
    ReactorDriver* driver = nullptr;

    // Owner thread only.
    bool hasLeft = false;
    ReadyQueue ready;
    ReadyQueue givingWay;
    std::uint32_t switchesPastGivingWay = 0;
    bool activeHasPlace = false; // its turn came in givingWay
    std::uint32_t switchesLeft = 0;
    std::uint32_t startsLeft = 0;
    std::array<StartQueue, StackClassCount> startQueues;
    std::size_t firstStartQueue = 0;
    boost::fibers::context* mainContext = nullptr;
    boost::fibers::context* dispatcher = nullptr;
    boost::fibers::context* announced = nullptr; // whose SwitchState the thread has now
    FiberRecord* announcedRecord = nullptr;      // and its record, if it is a fiber of ours
    FiberRecord* leftRecord = nullptr;           // that of the one before
    SwitchState::ExceptionGlobals* exceptionGlobals = nullptr; // the thread's
    bool mainWaits = false;
    std::size_t contextsOnStacks = 0; // those that wait for a fiber included
    bool idleContextsEnd = false;
    std::size_t foreignContexts = 0; // made by Boost.Fiber's own calls and not ended
    SwitchState mainState;
    SwitchState dispatcherState;
    ReactorDriver::TimePoint timeOfTurn{};
    bool stackErrorReported = false;
};

} // namespace weft
