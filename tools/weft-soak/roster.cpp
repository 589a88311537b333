#include "roster.hpp"

#include <weft/sources/quantity.hpp>

#include <fmt/format.h>

namespace weft::soak
{

namespace
{

bool isOver(SourceState state) noexcept
{
    return state == SourceState::Stopped || state == SourceState::Ended ||
           state == SourceState::Failed;
}

} // namespace

void Roster::add(const SourceHandle& handle)
{
    const std::lock_guard lock(mutex);
    handles[handle.name()] = &handle;
}

void Roster::remove(const SourceHandle& handle)
{
    const std::lock_guard lock(mutex);
    handles.erase(handle.name());
}

std::vector<std::string> Roster::describe(const std::string& beginning) const
{
    std::vector<std::string> lines;
    const std::lock_guard lock(mutex);
    for (const auto& [name, handle] : handles)
    {
        if (!name.starts_with(beginning))
        {
            continue;
        }
        const auto statistics = handle->statistics();
        if (!isOver(statistics.state))
        {
            lines.push_back(fmt::format(
                "source {}: {}, {} buffers, {} in flight, waited {} at most for one; last error: "
                "{}",
                name, toString(statistics.state), statistics.buffers, statistics.buffersInFlight,
                formatDuration(statistics.bufferWaitLongest),
                statistics.lastError.empty() ? "none" : statistics.lastError));
        }
    }
    return lines;
}

} // namespace weft::soak
