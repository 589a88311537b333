#pragma once

#include <weft/sources/source_event.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weft::contract
{

/// Keeps what a source emits. Copies the bytes, so that buffers go back at once. Any thread.
class EventRecord
{
public:
    explicit EventRecord(OriginId sourceOrigin) noexcept : origin(sourceOrigin)
    {
    }

    void take(OriginId eventOrigin, SourceEvent event);

    std::size_t receivedBytes() const;
    std::string received() const;
    std::size_t buffers() const;
    bool ended() const;
    std::optional<SourceFailure> failure() const;
    /// Ends and failures together.
    int lastEvents() const;

    /// What was against the rules, whatever the source: sequence numbers, origins, empty buffers,
    /// events after the last one.
    std::vector<std::string> violations() const;

private:
    const OriginId origin;
    mutable std::mutex mutex;
    std::string bytes;
    std::size_t bufferCount = 0;
    bool streamEnded = false;
    std::optional<SourceFailure> sourceFailure;
    int lastEventCount = 0;
    std::vector<std::string> wrong;
};

} // namespace weft::contract
