#pragma once

#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/sources/contract/client_peer.hpp>
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

/// A client of a TCP source that listens on loopback.
class TcpClientPeer : public ClientPeer
{
public:
    /// The source's port is one that nobody else is given as long as this exists.
    TcpClientPeer();

    /// The parameters of a source that listens there.
    virtual ParameterTexts parameters(const std::string& host, std::uint16_t port) = 0;

    ParameterTexts configuration() override;
    std::optional<ParameterTexts> unreachable() override;
    bool reset() override;

protected:
    /// For another(): a client of the same source.
    TcpClientPeer(const TcpClientPeer& first);

private:
    explicit TcpClientPeer(OwnedDescriptor sharingSocket);

    OwnedDescriptor holder;
    OwnedDescriptor taken; // for unreachable()
};

} // namespace weft::contract
