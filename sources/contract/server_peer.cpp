#include <weft/sources/contract/server_peer.hpp>

#include <utility>

#include <sys/socket.h>

namespace weft::contract
{

ServerPeer::ServerPeer(OwnedDescriptor listeningSocket) : listener(std::move(listeningSocket))
{
    limitWaits(listener);
}

bool ServerPeer::awaitSource()
{
    OwnedDescriptor accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!accepted)
    {
        return false;
    }
    take(std::move(accepted));
    return greet();
}

} // namespace weft::contract
