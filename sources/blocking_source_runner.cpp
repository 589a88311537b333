#include <weft/fibers/thread_waits.hpp>
#include <weft/memory/assert.hpp>
#include <weft/reactor/acquire_buffer.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/blocking_source_runner.hpp>
#include <weft/sources/flush_demand.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_execution.hpp>
#include <weft/sources/source_task.hpp>

#include <fmt/format.h>

#include <utility>

namespace weft
{

namespace
{

/// A thread that runs a source; lives on its stack.
class ThreadExecution final : public SourceExecution
{
public:
    explicit ThreadExecution(SharedIoBufferPool* buffers) noexcept
        : pool(buffers),
          waits(*ThreadWaits::current())
    {
    }

    void reserve(const std::string& sourceName, std::uint32_t buffersInFlightMax) override
    {
        if (pool == nullptr)
        {
            throw SourceError(
                std::make_error_code(std::errc::no_buffer_space),
                fmt::format("source '{}' cannot be given its buffer: there are none for sources "
                            "that run on threads; raise runtime.thread_buffers to at least 1",
                            sourceName));
        }
        auto reserved = pool->reserve(sourceName, {.buffersInFlightMax = buffersInFlightMax});
        if (!reserved)
        {
            throw SourceError(std::make_error_code(std::errc::no_buffer_space),
                              reserved.error().message());
        }
        reservation = std::move(*reserved);
    }

    void release() noexcept override
    {
        reservation.close();
    }

    IoBuffer tryAcquire() noexcept override
    {
        auto buffer = pool->tryAcquire(reservation);
        return buffer ? std::move(*buffer) : IoBuffer();
    }

    io::Result<IoBuffer> acquire() override
    {
        return acquireBuffer(reservation);
    }

    std::uint32_t buffersInFlight() const noexcept override
    {
        return reservation.buffersInFlight();
    }

    void bringFlushForward(FlushDemand& demand) noexcept override
    {
        if (const auto due = demand.dueAt(); due != NoDeadline)
        {
            waits.bringForward(due);
        }
    }

private:
    SharedIoBufferPool* const pool;
    ThreadWaits& waits;
    SharedBufferReservation reservation;
};

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
    auto* const pool =
        runtime.buffers().hasThreadPool() ? &runtime.buffers().threadPool() : nullptr;
    runtime.blockingThreads().start(launched->name(), launched->stopSource().get_token(),
                                    [launched, pool]
                                    {
                                        ThreadExecution execution(pool);
                                        launched->run(execution);
                                    });
}

} // namespace weft
