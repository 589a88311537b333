#pragma once

#include <weft/reactor/owned_descriptor.hpp>
#include <weft/sources/contract/source_peer.hpp>

#include <string>
#include <string_view>

namespace weft::contract
{

/// Sends records as they are over a connection, by plain system calls; how it is made is told by
/// those that derive from it: ServerPeer and ClientPeer.
class SocketPeer : public LivePeer
{
public:
    bool send(std::string_view record) override;
    bool end() override;

protected:
    /// Its calls end when patience() is over.
    void take(OwnedDescriptor connected);

    /// Writes all of it to the connection; false when the source has gone.
    bool write(std::string_view bytes) const;

    /// What has come from the source, at least one byte; nothing when it has gone.
    std::string read() const;

    /// What comes from the source until it ends with this; nothing when it goes before.
    std::string readUntil(std::string_view end) const;

    OwnedDescriptor connection;
};

/// The socket's calls end when patience() is over.
void limitWaits(const OwnedDescriptor& socket);

/// A TCP connection, so that the other side sees a reset.
void closeByReset(OwnedDescriptor& connection);

} // namespace weft::contract
