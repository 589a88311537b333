#include <weft/fibers/this_fiber.hpp>
#include <weft/memory/assert.hpp>
#include <weft/reactor/reactor.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/async_source_runner.hpp>
#include <weft/sources/flush_demand.hpp>
#include <weft/sources/pooled_execution.hpp>
#include <weft/sources/source_task.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <utility>

namespace weft
{

namespace
{

SpawnOptions fiberOptions(SourceTask& task)
{
    return {.name = task.name(), .stack = task.stackClass(), .stop = task.stopSource().get_token()};
}

/// What the source's fiber does.
void runOnFiber(SourceTask& task);

/// A fiber that runs a source; lives on its stack.
class FiberExecution final : public PooledExecution<IoBufferPool, BufferReservation>
{
public:
    explicit FiberExecution(Reactor& ownReactor) noexcept
        : PooledExecution(ownReactor.buffers()),
          reactor(ownReactor),
          fiber(*reactor.scheduler().activeRecord())
    {
    }

    ~FiberExecution()
    {
        // Nobody sends the message any more, but it may be on its way: this object is what it
        // would be delivered to. The inbox is emptied at each turn of the loop.
        while (flushMessage.underWay.load(std::memory_order_acquire))
        {
            this_fiber::yield();
        }
    }

    FlushTimes::Delays allowBatching(std::chrono::nanoseconds flushInterval) noexcept override
    {
        WEFT_ASSERT(!batchedInterval);
        batchedInterval = flushInterval;
        reactor.batching().join(flushInterval);
        return {.completions = reactor.batching().tolerance(flushInterval),
                .timers = reactor.timerTick()};
    }

    void release() noexcept override
    {
        PooledExecution::release();
        if (const auto interval = std::exchange(batchedInterval, std::nullopt))
        {
            reactor.batching().leave(*interval);
        }
    }

    BufferRacks& racks() noexcept override
    {
        return reactor.buffers().racks();
    }

    void bringFlushForward(FlushDemand& demand) noexcept override
    {
        if (!flushMessage.underWay.exchange(true, std::memory_order_acq_rel))
        {
            flushMessage.demand = &demand;
            reactor.scheduler().post(flushMessage);
        }
    }

    void launch(std::shared_ptr<SourceTask> task) override
    {
        const auto options = fiberOptions(*task);
        spawnOn(reactor.scheduler(), options,
                [task = std::move(task)]
                {
                    runOnFiber(*task);
                })
            .detach();
    }

private:
    /// The fiber's waits are ended on its own thread. One message at a time: the wish itself is in
    /// the demand, which is looked at when the message arrives.
    struct FlushMessage : InboxItem
    {
        explicit FlushMessage(FiberRecord& record) noexcept : InboxItem(deliver), fiber(record)
        {
        }

        static void deliver(InboxItem& item) noexcept
        {
            auto& message = static_cast<FlushMessage&>(item);
            auto& fiber = message.fiber;
            auto& demand = *message.demand;
            // A demand uttered from here on sends another message.
            message.underWay.store(false, std::memory_order_seq_cst);
            const auto due = demand.dueAt();
            if (due != NoDeadline && demand.isUttered())
            {
                fiber.bringForward(due);
            }
        }

        FiberRecord& fiber;
        FlushDemand* demand = nullptr;
        std::atomic<bool> underWay = false;
    };

    Reactor& reactor;
    FiberRecord& fiber;
    FlushMessage flushMessage{fiber};
    std::optional<std::chrono::nanoseconds> batchedInterval;
};

void runOnFiber(SourceTask& task)
{
    FiberExecution execution(*Reactor::current());
    task.run(execution);
}

} // namespace

AsyncSourceRunner::AsyncSourceRunner(Runtime& sourceRuntime, OriginId origin,
                                     SourceRunnerOptions options, std::unique_ptr<Source> source,
                                     std::optional<std::size_t> onReactor)
    : SourceRunner(origin, std::move(options), std::move(source)),
      runtime(sourceRuntime),
      reactor(onReactor)
{
}

void AsyncSourceRunner::launch(std::shared_ptr<SourceTask> launched)
{
    auto options = fiberOptions(*launched);
    options.reactor = reactor;
    runtime
        .spawn(options,
               [launched]
               {
                   runOnFiber(*launched);
               })
        .detach();
}

} // namespace weft
