#include <weft/reactor/io.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/async_source_runner.hpp>
#include <weft/sources/source_task.hpp>

#include <utility>

namespace weft
{

AsyncSourceRunner::AsyncSourceRunner(Runtime& sourceRuntime, OriginId origin,
                                     SourceRunnerOptions options, std::unique_ptr<Source> source,
                                     std::optional<std::size_t> onReactor)
    : runtime(sourceRuntime),
      reactor(onReactor),
      task(std::make_shared<SourceTask>(origin, std::move(options), std::move(source)))
{
}

AsyncSourceRunner::~AsyncSourceRunner()
{
    stop();
    task->waitUntilOver(NoDeadline);
}

bool AsyncSourceRunner::start(EmitFunction emit)
{
    if (!task->begin(std::move(emit)))
    {
        return false;
    }
    try
    {
        runtime
            .spawn(
                {.name = task->name(), .reactor = reactor, .stop = task->stopSource().get_token()},
                [running = task]
                {
                    running->run();
                })
            .detach();
    }
    catch (...)
    {
        task->unbegin();
        throw;
    }
    return true;
}

void AsyncSourceRunner::stop() noexcept
{
    task->stopSource().request_stop();
}

TryStopResult AsyncSourceRunner::tryStop(std::chrono::nanoseconds timeout)
{
    stop();
    return task->waitUntilOver(io::after(timeout)) ? TryStopResult::Success
                                                   : TryStopResult::Timeout;
}

SourceStatistics AsyncSourceRunner::statistics() const
{
    return task->statistics();
}

} // namespace weft
