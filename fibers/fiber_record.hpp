#pragma once

#include <weft/fibers/inbox.hpp>
#include <weft/fibers/switch_state.hpp>
#include <weft/memory/stack_slab.hpp>
#include <weft/timers/clock.hpp>

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/properties.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <stop_token>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weft
{

class FiberGroup;
class FiberRecord;
class Scheduler;

/// Unique in the process for its whole life; never reused.
using FiberId = std::uint64_t;

enum class FiberState : std::uint8_t
{
    Queued,    // spawned, waits for a stack
    Ready,     // waits for its turn
    Running,   // on the core now
    Suspended, // waits for an operation, a timer, a buffer or another fiber
    Finished,
};

std::string_view toString(FiberState state) noexcept;

/// What a suspended fiber waits on, if that wait may be ended early. Called on the fiber's own
/// reactor thread. The first two must lead to the fiber's resumption, though not at once: an
/// operation in the kernel is drained first.
class WaitListener
{
public:
    /// A stop has come. At most once for each wait.
    virtual void stopArrived() noexcept = 0;

    /// If `which` is the deadline of this wait, it has passed now. Any number of times.
    virtual void deadlineBroughtForward(Deadline which) noexcept = 0;

    /// The wait has lasted for long: memory that it has, and whose content nobody needs, should go
    /// back to the system. The wait goes on, or begins anew.
    virtual void releaseIdleMemory() noexcept
    {
    }

protected:
    ~WaitListener() = default;
};

/// Ties a Boost.Fiber context to what we keep for it.
class ContextHook : public boost::fibers::fiber_properties
{
public:
    ContextHook(boost::fibers::context* context, FiberRecord* owner) noexcept
        : fiber_properties(context),
          record(owner)
    {
    }

    ~ContextHook() override
    {
        idleState.discard();
    }

    /// Boost deletes a context's properties with it; those of our fibers live in the stack's
    /// StackTenant.
    static void operator delete(void*) noexcept
    {
    }

    /// The fiber that it runs; null for one that waits for its next fiber, and for those that
    /// Boost.Fiber's own calls make.
    FiberRecord* record;
    SwitchState idleState; // while `record` is null, else the record has it
};

/// All of ours that a switch to or from a fiber touches. The reactor thread writes, the registry
/// reads.
class SwitchPart
{
public:
    struct StateSince
    {
        FiberState state;
        std::chrono::steady_clock::time_point since;
    };

    void setState(FiberState state, std::chrono::steady_clock::time_point now) noexcept
    {
        stateSince.store(now.time_since_epoch().count() << StateBits |
                             static_cast<std::int64_t>(state),
                         std::memory_order_relaxed);
    }

    FiberState state() const noexcept
    {
        return static_cast<FiberState>(stateSince.load(std::memory_order_relaxed) & StateMask);
    }

    /// Both as of one moment.
    StateSince stateAndSince() const noexcept
    {
        const auto word = stateSince.load(std::memory_order_relaxed);
        return {.state = static_cast<FiberState>(word & StateMask),
                .since = std::chrono::steady_clock::time_point(
                    std::chrono::nanoseconds(word >> StateBits))};
    }

    SwitchState switchState;
    /// How far down the stack reached at the last switch away. Released, so that whoever reads it
    /// sees where that stack lies.
    std::atomic<const std::byte*> frame = nullptr;

private:
    static constexpr int StateBits = 3;
    static constexpr std::int64_t StateMask = (1 << StateBits) - 1;

    std::atomic<std::int64_t> stateSince = static_cast<std::int64_t>(FiberState::Queued);
};

#if !defined(WEFT_ADDRESS_SANITIZER) && !defined(WEFT_THREAD_SANITIZER)
static_assert(sizeof(SwitchPart) == 32);
#endif

/// A context of Boost.Fiber and what we keep for it.
struct FiberContext
{
    boost::fibers::context* context = nullptr;
    FiberRecord* record = nullptr; // null: not a fiber of ours
};

/// One fiber: who it is, what it runs, how it stops, how it ended. Lives in its reactor's
/// RecordPool; kept while the fiber has not ended or somebody holds a handle. It begins with a
/// cache line that has all that switches and waits touch: among a thousand fibers that take turns
/// every line is one more miss of the nearest caches.
class alignas(64) FiberRecord
{
public:
    static constexpr std::size_t NameBytesMax = 47;
    static constexpr std::size_t CallableBytesMax = 128;

    FiberRecord(Scheduler& owner, FiberId fiberId, std::string_view fiberName,
                StackClass fiberStackClass) noexcept;

    FiberRecord(const FiberRecord&) = delete;
    FiberRecord& operator=(const FiberRecord&) = delete;

    // Who it is. Constant while the record is in use.

    FiberId id() const noexcept
    {
        return identifier;
    }

    std::string_view name() const noexcept
    {
        return {nameCharacters.data(), nameLength};
    }

    StackClass stackClass() const noexcept
    {
        return requestedStackClass;
    }

    Scheduler& scheduler() const noexcept
    {
        return *home;
    }

    // What it runs. Set once by the spawner before the record is submitted.

    template <typename Function>
    void emplaceCallable(Function&& function)
    {
        using Callable = std::decay_t<Function>;
        static_assert(sizeof(Callable) <= CallableBytesMax,
                      "a fiber's callable must fit in FiberRecord::CallableBytesMax bytes: capture "
                      "less, or capture a pointer to what is large");
        static_assert(alignof(Callable) <= alignof(std::max_align_t));
        ::new (static_cast<void*>(callable.data())) Callable(std::forward<Function>(function));
        invokeCallable = [](FiberRecord& record)
        {
            auto& target = *std::launder(reinterpret_cast<Callable*>(record.callable.data()));
            const DestroyAtExit<Callable> guard{target};
            if constexpr (std::is_invocable_v<Callable&, std::stop_token>)
            {
                target(record.stopToken());
            }
            else
            {
                target();
            }
        };
    }

    /// Stops of this token become stops of the fiber.
    void followStopToken(std::stop_token token);

    /// The group is told how the fiber ends; it must outlive that. May be null.
    void joinGroup(FiberGroup* fiberGroup) noexcept
    {
        group = fiberGroup;
    }

    // On its own stack.

    /// Runs the callable and records how it ended. Called once, by the fiber.
    void run() noexcept;

    // Stop.

    /// Any thread that holds a reference. Idempotent.
    void requestStop() noexcept;

    /// Whether a call that suspends must give up. The fiber itself only.
    bool stopVisible() const noexcept
    {
        return stopFlag.load(std::memory_order_acquire) && stopShields == 0;
    }

    bool stopRequested() const noexcept
    {
        return stopFlag.load(std::memory_order_acquire);
    }

    /// A token that is stopped with this fiber. Allocates at its first use. The fiber only.
    std::stop_token stopToken();

    // Deadlines.

    /// Makes the deadline `which` pass now: a wait in progress whose deadline is exactly that ends
    /// with it, and so does the next one that begins with it; so a fiber that was given bytes in
    /// this moment and waits on with the same deadline does not miss it. Waits with other deadlines
    /// do not notice. A later call replaces an earlier one. A StopShield does not hide it. `which`
    /// is not NoDeadline. The fiber's own reactor thread, while the fiber has not ended.
    void bringForward(Deadline which) noexcept;

    /// Whether a wait that begins with that deadline finds it brought forward; once for each
    /// bringForward(). The fiber only.
    bool takeBroughtForward(Deadline deadline) noexcept
    {
        if (deadline == NoDeadline || deadline != broughtForward)
        {
            return false;
        }
        broughtForward = NoDeadline;
        return true;
    }

    // How it ended.

    /// Returns when the fiber has finished. Suspends; on a plain thread, blocks it.
    void wait();

    bool hasFinished() const noexcept;

    /// What the fiber let escape; null when it returned. Only after wait().
    std::exception_ptr exception() const noexcept
    {
        return failure;
    }

    /// Nobody will look at the result: an exception that escapes from now on is fatal.
    void detach() noexcept;

    // Reference counting: one for the fiber itself, one for each handle.

    void addReference() noexcept
    {
        references.fetch_add(1, std::memory_order_relaxed);
    }

    /// False when the last one has gone and the record is about to be freed. For those who found
    /// the record in its pool.
    bool tryAddReference() noexcept;

    void releaseReference() noexcept;

private:
    friend class FiberGroup;
    friend class IdleMemory;
    friend class RecordPool;
    friend class Scheduler;
    friend class SlabStackAllocator;
    friend class StopShield;

    template <typename Callable>
    struct DestroyAtExit
    {
        Callable& target;

        ~DestroyAtExit()
        {
            target.~Callable();
        }
    };

    struct ForwardStop
    {
        FiberRecord* record;

        void operator()() const noexcept
        {
            record->requestStop();
        }
    };

    /// A context on a reactor that waits for the end. On its stack.
    struct Joiner : InboxItem
    {
        explicit Joiner(Scheduler& scheduler) noexcept;

        Scheduler& scheduler;
        const FiberContext context;
        Joiner* nextJoiner = nullptr;
    };

    static void deliverStart(InboxItem& item) noexcept;
    static void deliverStop(InboxItem& item) noexcept;

    struct Item : InboxItem
    {
        Item(FiberRecord& owner, Deliver deliverFunction) noexcept
            : InboxItem(deliverFunction),
              record(owner)
        {
        }

        FiberRecord& record;
    };

    /// Of the stack in use when the fiber was last suspended. Any thread.
    std::size_t stackUsedBytes() const noexcept;

    SwitchPart line;

    // What a wait touches, in the same cache line.
    Scheduler* home;
    std::atomic<bool> stopFlag = false;
    std::uint32_t stopShields = 0;
    WaitListener* waitListener = nullptr;
    Deadline broughtForward = NoDeadline; // none; the reactor thread's

    // Identity.
    FiberId identifier;
    std::array<char, NameBytesMax + 1> nameCharacters{};
    std::uint8_t nameLength = 0;
    StackClass requestedStackClass;

    // Scheduling: the reactor thread's. The registry reads stackTop, once line.frame is set.
    Stack stack{};
    std::atomic<const std::byte*> stackTop = nullptr;
    /// Since when it waited when its idle memory was given back. The reactor thread's.
    std::chrono::steady_clock::time_point memoryReleasedFor;
    FiberRecord* nextQueued = nullptr;
    FiberGroup* group = nullptr;
    Item startItem{*this, deliverStart};

    // Stop.
    Item stopItem{*this, deliverStop};
    std::optional<std::stop_callback<ForwardStop>> followedStop;

    // Held for a few instructions and never across a suspension: guards the seven below.
    mutable std::mutex mutex;
    bool stopBegun = false;
    std::stop_source stopSource{std::nostopstate};
    bool finished = false;
    Joiner* joiners = nullptr;
    bool threadsJoin = false; // they wait on `ended`
    boost::fibers::condition_variable_any ended;
    bool detached = false;

    std::exception_ptr failure;
    std::atomic<std::uint32_t> references = 2;

    // Work.
    void (*invokeCallable)(FiberRecord&) = nullptr;
    alignas(std::max_align_t) std::array<std::byte, CallableBytesMax> callable;
};

} // namespace weft
