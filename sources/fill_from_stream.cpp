#include <weft/sources/fill_from_stream.hpp>

namespace weft
{

namespace
{

io::Result<std::size_t> receive(Fill& fill, const StreamSocket& stream)
{
    if (const auto pauseEnd = fill.pauseUntil())
    {
        if (const auto slept = io::sleepUntil(*pauseEnd); !slept)
        {
            return std::unexpected(slept.error());
        }
    }
    if (fill.mayWait())
    {
        return stream.receive(fill.space(), fill.deadline());
    }
    return stream.receive(fill.space(), NoDeadline, MSG_DONTWAIT);
}

} // namespace

io::Result<FillStatus> fillFromStream(Fill& fill, const StreamSocket& stream)
{
    while (fill.wantsMore())
    {
        const auto received = receive(fill, stream);
        if (!received)
        {
            if (received.error() == std::errc::resource_unavailable_try_again)
            {
                fill.foundNothing();
                continue;
            }
            if (gaveUp(received.error()))
            {
                break;
            }
            return std::unexpected(received.error());
        }
        if (*received == 0)
        {
            return FillStatus::EndOfStream;
        }
        fill.advance(*received);
    }
    return FillStatus::More;
}

} // namespace weft
