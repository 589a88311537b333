#include <weft/sources/contract/event_record.hpp>

#include <fmt/format.h>

#include <variant>

namespace weft::contract
{

void EventRecord::take(OriginId eventOrigin, SourceEvent event)
{
    const std::lock_guard lock(mutex);
    if (lastEventCount > 0)
    {
        wrong.emplace_back("an event follows the last one");
    }
    if (eventOrigin != origin)
    {
        wrong.push_back(fmt::format("an event has origin {} instead of {}", eventOrigin, origin));
    }
    if (const auto* const data = std::get_if<SourceData>(&event))
    {
        const auto filled = data->buffer.bytes();
        const auto sequenceNumber = data->buffer.metadata().sequenceNumber;
        if (sequenceNumber != bufferCount)
        {
            wrong.push_back(
                fmt::format("buffer {} has sequence number {}", bufferCount, sequenceNumber));
        }
        if (filled.empty())
        {
            wrong.push_back(fmt::format("buffer {} is empty", bufferCount));
        }
        ++bufferCount;
        bytes.append(reinterpret_cast<const char*>(filled.data()), filled.size());
        return;
    }
    ++lastEventCount;
    if (auto* const failed = std::get_if<SourceFailure>(&event))
    {
        sourceFailure = std::move(*failed);
        return;
    }
    streamEnded = true;
}

std::size_t EventRecord::receivedBytes() const
{
    const std::lock_guard lock(mutex);
    return bytes.size();
}

std::string EventRecord::received() const
{
    const std::lock_guard lock(mutex);
    return bytes;
}

std::size_t EventRecord::buffers() const
{
    const std::lock_guard lock(mutex);
    return bufferCount;
}

bool EventRecord::ended() const
{
    const std::lock_guard lock(mutex);
    return streamEnded;
}

std::optional<SourceFailure> EventRecord::failure() const
{
    const std::lock_guard lock(mutex);
    return sourceFailure;
}

int EventRecord::lastEvents() const
{
    const std::lock_guard lock(mutex);
    return lastEventCount;
}

std::vector<std::string> EventRecord::violations() const
{
    const std::lock_guard lock(mutex);
    return wrong;
}

} // namespace weft::contract
