#include <weft/reactor/io.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>
#include <weft/sources/source_runner.hpp>
#include <weft/sources/source_task.hpp>

#include <utility>

namespace weft
{

std::string_view toString(SourceState state) noexcept
{
    switch (state)
    {
    case SourceState::Created:
        return "created";
    case SourceState::Opening:
        return "opening";
    case SourceState::Running:
        return "running";
    case SourceState::Stopping:
        return "stopping";
    case SourceState::Stopped:
        return "stopped";
    case SourceState::Ended:
        return "ended";
    case SourceState::Failed:
        return "failed";
    }
    return "unknown";
}

SourceRunnerOptions SourceRunnerOptions::from(const SourceDescriptor& descriptor)
{
    SourceRunnerOptions options;
    options.name = descriptor.name();
    options.flushInterval = descriptor.duration("flush_interval");
    options.buffersInFlightMax =
        static_cast<std::uint32_t>(descriptor.integer("buffers_in_flight_max"));
    if (descriptor.has("reconnect_attempts"))
    {
        options.reconnect.attemptsMax =
            static_cast<std::uint64_t>(descriptor.integer("reconnect_attempts"));
        options.reconnect.timeMax = descriptor.duration("reconnect_time");
        options.reconnect.pauseLeast = descriptor.duration("reconnect_pause_min");
        options.reconnect.pauseMost = descriptor.duration("reconnect_pause_max");
    }
    return options;
}

SourceRunner::SourceRunner(OriginId origin, SourceRunnerOptions options,
                           std::unique_ptr<Source> source)
    : task(std::make_shared<SourceTask>(origin, std::move(options), std::move(source)))
{
}

SourceRunner::~SourceRunner()
{
    stop();
    task->waitUntilOver(NoDeadline);
}

bool SourceRunner::start(EmitFunction emit)
{
    if (!task->begin(std::move(emit)))
    {
        return false;
    }
    try
    {
        launch(task);
    }
    catch (...)
    {
        task->unbegin();
        throw;
    }
    return true;
}

void SourceRunner::stop() noexcept
{
    task->stopSource().request_stop();
}

TryStopResult SourceRunner::tryStop(std::chrono::nanoseconds timeout)
{
    stop();
    return task->waitUntilOver(io::after(timeout)) ? TryStopResult::Success
                                                   : TryStopResult::Timeout;
}

void SourceRunner::requestFlush() noexcept
{
    task->requestFlush();
}

SourceStatistics SourceRunner::statistics() const
{
    return task->statistics();
}

std::vector<ConnectionStatistics> SourceRunner::connections() const
{
    return task->connectionList();
}

} // namespace weft
