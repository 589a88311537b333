#include <weft/sources/source_descriptor.hpp>
#include <weft/sources/source_runner.hpp>

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
    if (descriptor.has("reconnect_attempts"))
    {
        options.reconnect.attemptsMax =
            static_cast<std::uint64_t>(descriptor.integer("reconnect_attempts"));
        options.reconnect.pauseLeast = descriptor.duration("reconnect_pause_min");
        options.reconnect.pauseMost = descriptor.duration("reconnect_pause_max");
    }
    return options;
}

} // namespace weft
