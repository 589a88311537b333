#pragma once

#include <weft/sources/source_event.hpp>

#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

namespace weft::test
{

/// Takes the events of one source and lets the test wait for them. Copies the bytes, so buffers go
/// back at once.
class EventLog
{
public:
    /// An emit function that writes here. The log must outlive it.
    EmitFunction emit()
    {
        return [this, life = std::make_shared<Life>(*this)](OriginId origin, SourceEvent event)
        {
            take(origin, std::move(event));
        };
    }

    /// Blocks until the end of the stream or a failure has come.
    void waitForLast()
    {
        std::unique_lock lock(mutex);
        changed.wait(lock,
                     [this]
                     {
                         return lastEvents > 0;
                     });
    }

    void waitForBytes(std::size_t count)
    {
        std::unique_lock lock(mutex);
        changed.wait(lock,
                     [&]
                     {
                         return bytes.size() >= count;
                     });
    }

    std::string received() const
    {
        const std::lock_guard lock(mutex);
        return bytes;
    }

    std::vector<BufferMetadata> buffers() const
    {
        const std::lock_guard lock(mutex);
        return metadata;
    }

    bool ended() const
    {
        const std::lock_guard lock(mutex);
        return streamEnded;
    }

    std::optional<SourceFailure> failure() const
    {
        const std::lock_guard lock(mutex);
        return sourceFailure;
    }

    /// End and failure together.
    int lastEventCount() const
    {
        const std::lock_guard lock(mutex);
        return lastEvents;
    }

    /// Emit functions that exist.
    int emitFunctionCount() const
    {
        const std::lock_guard lock(mutex);
        return emitFunctions;
    }

private:
    /// Counts the copies of the emit function.
    struct Life
    {
        explicit Life(EventLog& owner) : log(owner)
        {
            const std::lock_guard lock(log.mutex);
            ++log.emitFunctions;
        }

        ~Life()
        {
            const std::lock_guard lock(log.mutex);
            --log.emitFunctions;
        }

        EventLog& log;
    };

    void take(OriginId origin, SourceEvent event)
    {
        const std::lock_guard lock(mutex);
        if (auto* const data = std::get_if<SourceData>(&event))
        {
            const auto filled = data->buffer.bytes();
            bytes.append(reinterpret_cast<const char*>(filled.data()), filled.size());
            metadata.push_back(data->buffer.metadata());
            if (data->buffer.metadata().originId != origin)
            {
                throw std::logic_error("the buffer has another origin than the event");
            }
        }
        else if (auto* const failed = std::get_if<SourceFailure>(&event))
        {
            sourceFailure = std::move(*failed);
            ++lastEvents;
        }
        else
        {
            streamEnded = true;
            ++lastEvents;
        }
        changed.notify_all();
    }

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::string bytes;
    std::vector<BufferMetadata> metadata;
    std::optional<SourceFailure> sourceFailure;
    bool streamEnded = false;
    int lastEvents = 0;
    int emitFunctions = 0;
};

} // namespace weft::test
