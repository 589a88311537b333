#include <weft/sources/contract/client_peer.hpp>
#include <weft/sources/contract/patience.hpp>

#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/socket.h>

namespace weft::contract
{

bool ClientPeer::awaitSource()
{
    OwnedDescriptor socket(::socket(address.family(), socketType | SOCK_CLOEXEC, 0));
    limitWaits(socket);
    const bool connected = awaitCondition(
        [&]
        {
            if (::connect(socket.get(), address.data(), address.size()) == 0)
            {
                return true;
            }
            if (errno != ECONNREFUSED && errno != ENOENT)
            {
                throw std::system_error(errno, std::system_category(),
                                        "connect to " + address.toString());
            }
            return false;
        });
    if (connected)
    {
        take(std::move(socket));
    }
    return connected;
}

} // namespace weft::contract
