#pragma once

#include <weft/reactor/socket_address.hpp>
#include <weft/sources/contract/socket_peer.hpp>

#include <memory>

namespace weft::contract
{

/// A client of a source that listens: it connects and sends records as they are. A protocol
/// overrides send() and delivered(). The type has ConnectionLimits::parameters(): its source ends
/// with its first connection where a check does not say otherwise.
class ClientPeer : public SocketPeer
{
public:
    /// Another client of the same source, which is gone before this one.
    virtual std::unique_ptr<ClientPeer> another() const = 0;

    /// Connects, again until somebody listens.
    bool awaitSource() override;

protected:
    /// Of the source; and its SOCK_STREAM or SOCK_SEQPACKET.
    ClientPeer(const SocketAddress& listeningAddress, int type) noexcept
        : address(listeningAddress),
          socketType(type)
    {
    }

    const SocketAddress address;

private:
    const int socketType;
};

} // namespace weft::contract
