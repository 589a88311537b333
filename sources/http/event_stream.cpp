#include <weft/sources/http/event_stream.hpp>

#include <stdexcept>

namespace weft
{

void EventStream::feed(std::string_view bytes)
{
    for (const char next : bytes)
    {
        // A line ends with CR, LF or both.
        const bool isSecondHalf = next == '\n' && afterReturn;
        afterReturn = next == '\r';
        if (isSecondHalf)
        {
            continue;
        }
        if (next == '\r' || next == '\n')
        {
            endLine();
            continue;
        }
        line += next;
        if (line.size() + data.size() > bytesMax)
        {
            throw std::length_error("an event is too large");
        }
    }
}

void EventStream::endLine()
{
    constexpr std::string_view ByteOrderMark = "\xef\xbb\xbf";
    std::string_view text = line;
    if (atBegin && text.starts_with(ByteOrderMark))
    {
        text.remove_prefix(ByteOrderMark.size());
    }
    atBegin = false;
    if (text.empty())
    {
        complete += data;
        data.clear();
        lastId = id;
    }
    else if (const auto colon = text.find(':'); colon != 0)
    {
        const auto value = colon == std::string_view::npos ? "" : text.substr(colon + 1);
        takeField(text.substr(0, colon), value.starts_with(' ') ? value.substr(1) : value);
    }
    line.clear();
}

void EventStream::takeField(std::string_view name, std::string_view value)
{
    if (name == "data")
    {
        data.append(value) += '\n';
    }
    else if (name == "id" && value.find('\0') == std::string_view::npos)
    {
        id = value;
    }
}

void EventStream::restart()
{
    atBegin = true;
    afterReturn = false;
    line.clear();
    data.clear();
    complete.clear();
    id = lastId;
}

} // namespace weft
