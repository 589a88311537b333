#pragma once

#include <weft/sources/contract/socket_peer.hpp>

namespace weft::contract
{

/// A server of stream sockets: it accepts the source and sends records as they are. A protocol
/// overrides greet(), send() and delivered().
class ServerPeer : public SocketPeer
{
public:
    /// What is to be done with a new connection before records are sent; false when it fails.
    virtual bool greet()
    {
        return true;
    }

    bool awaitSource() override;

protected:
    explicit ServerPeer(OwnedDescriptor listeningSocket);

    OwnedDescriptor listener;
};

} // namespace weft::contract
