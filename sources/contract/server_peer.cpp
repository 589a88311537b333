#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/server_peer.hpp>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/socket.h>
#include <sys/time.h>

namespace weft::contract
{

namespace
{

void limitWaits(int socket)
{
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(patience()).count();
    const timeval limit = {.tv_sec = seconds, .tv_usec = 0};
    for (const int direction : {SO_SNDTIMEO, SO_RCVTIMEO})
    {
        if (::setsockopt(socket, SOL_SOCKET, direction, &limit, sizeof(limit)) != 0)
        {
            throw std::system_error(errno, std::system_category(), "setsockopt");
        }
    }
}

} // namespace

ServerPeer::ServerPeer(OwnedDescriptor listeningSocket) : listener(std::move(listeningSocket))
{
    limitWaits(listener.get());
}

bool ServerPeer::awaitSource()
{
    connection = OwnedDescriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection)
    {
        return false;
    }
    limitWaits(connection.get());
    return greet();
}

bool ServerPeer::send(std::string_view record)
{
    return write(delivered(record));
}

bool ServerPeer::end()
{
    return ::shutdown(connection.get(), SHUT_WR) == 0;
}

bool ServerPeer::write(std::string_view bytes) const
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

std::string ServerPeer::read() const
{
    std::array<char, 4096> bytes;
    const auto count = ::recv(connection.get(), bytes.data(), bytes.size(), 0);
    return count > 0 ? std::string(bytes.data(), static_cast<std::size_t>(count)) : std::string();
}

std::string ServerPeer::readUntil(std::string_view end) const
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
