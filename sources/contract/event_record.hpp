#pragma once

#include <weft/sources/source_event.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weft::contract
{

/// What has come of one connection of a source that listens.
struct ConnectionRecord
{
    std::string bytes;
    std::size_t buffers = 0;
    bool ended = false; // or failed
    std::optional<SourceFailure> failure;
};

/// Keeps what a source emits. Copies the bytes, so that buffers go back at once. Any thread.
class EventRecord
{
public:
    explicit EventRecord(OriginId sourceOrigin) noexcept : origin(sourceOrigin)
    {
    }

    void take(OriginId eventOrigin, SourceEvent event);

    std::size_t receivedBytes() const;
    /// Of all connections, if it listens, in the order in which it came.
    std::string received() const;
    std::size_t buffers() const;
    bool ended() const;
    std::optional<SourceFailure> failure() const;
    /// Ends and failures together.
    int lastEvents() const;

    /// Those that have begun. Empty for a source that does not listen.
    std::map<ConnectionNumber, ConnectionRecord> connections() const;

    /// What was against the rules, whatever the source: sequence numbers, origins, connections,
    /// empty buffers, events after the last one.
    std::vector<std::string> violations() const;

private:
    void takeData(const SourceData& data);
    void takeBegin(const ConnectionBegin& begin);
    void takeEnd(ConnectionEnd end);
    void takeLast(SourceEvent& event);
    ConnectionRecord* openConnection(ConnectionNumber number, const char* event);

    const OriginId origin;
    mutable std::mutex mutex;
    std::string bytes;
    std::size_t bufferCount = 0;
    std::map<ConnectionNumber, ConnectionRecord> begun;
    bool streamEnded = false;
    std::optional<SourceFailure> sourceFailure;
    int lastEventCount = 0;
    std::vector<std::string> wrong;
};

} // namespace weft::contract
