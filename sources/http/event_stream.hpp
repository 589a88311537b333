#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft
{

/// Takes server-sent events apart (WHATWG HTML, 9.2.6): the data of each event, a newline after
/// each of its lines. Names of events are left out; an event without its end is none.
class EventStream
{
public:
    explicit EventStream(std::size_t eventBytesMax) : bytesMax(eventBytesMax)
    {
    }

    /// The next bytes of the stream. Throws std::length_error when an event is too large; the
    /// records have those before it.
    void feed(std::string_view bytes);

    /// What the events that are complete have said since the last clear().
    const std::string& records() const noexcept
    {
        return complete;
    }

    void clearRecords() noexcept
    {
        complete.clear();
    }

    /// Of the last complete event that had one, or of one before: it stays through restart().
    const std::string& lastEventId() const noexcept
    {
        return lastId;
    }

    /// The stream begins anew.
    void restart();

private:
    void endLine();
    void takeField(std::string_view name, std::string_view value);

    const std::size_t bytesMax;
    bool atBegin = true; // where a byte order mark may stand
    bool afterReturn = false;
    std::string line;
    std::string data;
    std::string id;
    std::string lastId;
    std::string complete;
};

} // namespace weft
