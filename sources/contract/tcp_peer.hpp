#pragma once

#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/sources/contract/server_peer.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace weft::contract
{

/// A TCP server on loopback. A protocol overrides what ServerPeer says, and atSimulatedAddress()
/// with nothing.
class TcpPeer : public ServerPeer
{
public:
    TcpPeer();

    /// The parameters of a source that connects there.
    virtual ParameterTexts parameters(const std::string& host, std::uint16_t port) = 0;

    ParameterTexts configuration() override;
    std::optional<ParameterTexts> unreachable() override;
    std::optional<ParameterTexts> unanswering() override;
    std::optional<ParameterTexts> atSimulatedAddress(const std::string& host,
                                                     std::uint16_t port) override;
    bool reset() override;

protected:
    std::uint16_t port() const;

private:
    // For the addresses that refuse and that do not answer; made when asked for.
    OwnedDescriptor refusing;
    OwnedDescriptor silent;
    OwnedDescriptor waiting;
};

} // namespace weft::contract
