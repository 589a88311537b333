#include <weft/fibers/thread_waits.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/blocking_source_runner.hpp>
#include <weft/sources/flush_demand.hpp>
#include <weft/sources/pooled_execution.hpp>
#include <weft/sources/source_task.hpp>

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <system_error>
#include <utility>

namespace weft
{

namespace
{

void startThread(Runtime& runtime, std::shared_ptr<SourceTask> task);

/// A thread that runs a source; lives on its stack.
class ThreadExecution final : public PooledExecution<SharedIoBufferPool, SharedBufferReservation>
{
public:
    explicit ThreadExecution(Runtime& sourceRuntime) noexcept
        : PooledExecution(sourceRuntime.buffers().threadPool()),
          runtime(sourceRuntime),
          waits(*ThreadWaits::current())
    {
    }

    BufferRacks& racks() noexcept override
    {
        return ownRacks;
    }

    void bringFlushForward(FlushDemand& demand) noexcept override
    {
        if (const auto due = demand.dueAt(); due != NoDeadline)
        {
            waits.bringForward(due);
        }
    }

    void launch(std::shared_ptr<SourceTask> task) override
    {
        startThread(runtime, std::move(task));
    }

private:
    Runtime& runtime;
    ThreadWaits& waits;
    alignas(BufferRack) std::array<std::byte, sizeof(BufferRack)> rackMemory;
    BufferRacks ownRacks{rackMemory}; // one rack
};

void startThread(Runtime& runtime, std::shared_ptr<SourceTask> task)
{
    auto& started = *task;
    runtime.blockingThreads().start(started.name(), started.stopSource().get_token(),
                                    [task = std::move(task), &runtime]
                                    {
                                        ThreadExecution execution(runtime);
                                        task->run(execution);
                                    });
}

} // namespace

BlockingSourceRunner::BlockingSourceRunner(Runtime& sourceRuntime, OriginId origin,
                                           SourceRunnerOptions options,
                                           std::unique_ptr<Source> source)
    : SourceRunner(origin, std::move(options), std::move(source)),
      runtime(sourceRuntime)
{
}

void BlockingSourceRunner::launch(std::shared_ptr<SourceTask> launched)
{
    if (!runtime.buffers().hasThreadPool())
    {
        throw std::system_error(
            std::make_error_code(std::errc::no_buffer_space),
            fmt::format("source '{}' is to run on a thread, and there are no buffers for such "
                        "sources; raise runtime.thread_buffers to at least 1",
                        launched->name()));
    }
    startThread(runtime, std::move(launched));
}

} // namespace weft
