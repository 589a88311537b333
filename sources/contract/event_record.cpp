#include <weft/sources/contract/event_record.hpp>

#include <fmt/format.h>

#include <utility>
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
        takeData(*data);
    }
    else if (const auto* const begin = std::get_if<ConnectionBegin>(&event))
    {
        takeBegin(*begin);
    }
    else if (auto* const end = std::get_if<ConnectionEnd>(&event))
    {
        takeEnd(std::move(*end));
    }
    else
    {
        takeLast(event);
    }
}

void EventRecord::takeData(const SourceData& data)
{
    const auto filled = data.buffer.bytes();
    const auto& metadata = data.buffer.metadata();
    auto expectedNumber = bufferCount;
    if (metadata.connection > 0)
    {
        auto* const connection = openConnection(metadata.connection, "data");
        if (connection == nullptr)
        {
            return;
        }
        expectedNumber = connection->buffers++;
        connection->bytes.append(reinterpret_cast<const char*>(filled.data()), filled.size());
    }
    if (metadata.sequenceNumber != expectedNumber)
    {
        wrong.push_back(fmt::format("buffer {} has sequence number {}", expectedNumber,
                                    metadata.sequenceNumber));
    }
    if (filled.empty())
    {
        wrong.push_back(fmt::format("buffer {} is empty", bufferCount));
    }
    ++bufferCount;
    bytes.append(reinterpret_cast<const char*>(filled.data()), filled.size());
}

void EventRecord::takeBegin(const ConnectionBegin& begin)
{
    if (begin.connection == 0 || !begun.try_emplace(begin.connection).second)
    {
        wrong.push_back(fmt::format("connection {} begins, which has begun or has no number",
                                    begin.connection));
    }
}

void EventRecord::takeEnd(ConnectionEnd end)
{
    if (auto* const connection = openConnection(end.connection, "an end"))
    {
        connection->ended = true;
        connection->failure = std::move(end.failure);
    }
}

void EventRecord::takeLast(SourceEvent& event)
{
    ++lastEventCount;
    if (auto* const failed = std::get_if<SourceFailure>(&event))
    {
        sourceFailure = std::move(*failed);
        return;
    }
    streamEnded = true;
    for (const auto& [number, connection] : begun)
    {
        if (!connection.ended)
        {
            wrong.push_back(fmt::format("the source ends before its connection {}", number));
        }
    }
}

/// Null, and a violation, if there is none.
ConnectionRecord* EventRecord::openConnection(ConnectionNumber number, const char* event)
{
    const auto found = begun.find(number);
    if (found == begun.end() || found->second.ended)
    {
        wrong.push_back(fmt::format("{} of connection {}, which {}", event, number,
                                    found == begun.end() ? "has not begun" : "has ended"));
        return nullptr;
    }
    return &found->second;
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

std::map<ConnectionNumber, ConnectionRecord> EventRecord::connections() const
{
    const std::lock_guard lock(mutex);
    return begun;
}

std::vector<std::string> EventRecord::violations() const
{
    const std::lock_guard lock(mutex);
    return wrong;
}

} // namespace weft::contract
