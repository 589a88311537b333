#pragma once

#include <weft/reactor/owned_descriptor.hpp>
#include <weft/sources/contract/source_peer.hpp>

#include <string>
#include <string_view>

namespace weft::contract
{

/// A server of stream sockets, by plain system calls: it accepts the source and sends records as
/// they are. A protocol overrides greet(), send() and delivered().
class ServerPeer : public LivePeer
{
public:
    /// What is to be done with a new connection before records are sent; false when it fails.
    virtual bool greet()
    {
        return true;
    }

    bool awaitSource() override;
    bool send(std::string_view record) override;
    bool end() override;

protected:
    explicit ServerPeer(OwnedDescriptor listeningSocket);

    /// Writes all of it to the connection; false when the source has gone.
    bool write(std::string_view bytes) const;

    /// What has come from the source, at least one byte; nothing when it has gone.
    std::string read() const;

    /// What comes from the source until it ends with this; nothing when it goes before.
    std::string readUntil(std::string_view end) const;

    OwnedDescriptor listener;
    OwnedDescriptor connection;
};

} // namespace weft::contract
