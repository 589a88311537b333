#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/socket_peer.hpp>
#include <weft/sources/contract/system_call.hpp>

#include <array>
#include <utility>

#include <sys/socket.h>
#include <sys/time.h>

namespace weft::contract
{

void limitWaits(const OwnedDescriptor& socket)
{
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(patience()).count();
    const timeval limit = {.tv_sec = seconds, .tv_usec = 0};
    for (const int direction : {SO_SNDTIMEO, SO_RCVTIMEO})
    {
        checked(::setsockopt(socket.get(), SOL_SOCKET, direction, &limit, sizeof(limit)),
                "setsockopt");
    }
}

void closeByReset(OwnedDescriptor& connection)
{
    // RFC 9293, 3.10.4, by SO_LINGER of zero.
    const linger atOnce = {.l_onoff = 1, .l_linger = 0};
    checked(::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce)),
            "setsockopt");
    connection = OwnedDescriptor();
}

void SocketPeer::take(OwnedDescriptor connected)
{
    limitWaits(connected);
    connection = std::move(connected);
}

bool SocketPeer::send(std::string_view record)
{
    return write(delivered(record));
}

bool SocketPeer::end()
{
    return ::shutdown(connection.get(), SHUT_WR) == 0;
}

bool SocketPeer::write(std::string_view bytes) const
{
    while (!bytes.empty())
    {
        const auto count = ::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0)
        {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

std::string SocketPeer::read() const
{
    std::array<char, 4096> bytes;
    const auto count = ::recv(connection.get(), bytes.data(), bytes.size(), 0);
    return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
}

std::string SocketPeer::readUntil(std::string_view end) const
{
    std::string text;
    while (!text.ends_with(end))
    {
        const auto more = read();
        if (more.empty())
        {
            return {};
        }
        text += more;
    }
    return text;
}

} // namespace weft::contract
