#pragma once

#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/sources/contract/source_peer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weft::contract
{

/// A TCP server on loopback, by plain system calls. It sends records as they are. A protocol
/// overrides greet(), send() and delivered(), and atSimulatedAddress() with nothing.
class TcpPeer : public LivePeer
{
public:
    TcpPeer();

    /// The parameters of a source that connects there.
    virtual ParameterTexts parameters(const std::string& host, std::uint16_t port) = 0;

    /// What is to be done with a new connection before records are sent; false when it fails.
    virtual bool greet()
    {
        return true;
    }

    ParameterTexts configuration() override;
    std::optional<ParameterTexts> unreachable() override;
    std::optional<ParameterTexts> unanswering() override;
    std::optional<ParameterTexts> atSimulatedAddress(const std::string& host,
                                                     std::uint16_t port) override;
    bool awaitSource() override;
    bool send(std::string_view record) override;
    bool end() override;
    bool reset() override;

protected:
    /// Writes all of it to the connection; false when the source has gone.
    bool write(std::string_view bytes) const;

    /// What has come from the source, at least one byte; nothing when it has gone.
    std::string read() const;

    std::uint16_t port() const;

    int connectionDescriptor() const noexcept
    {
        return connection.get();
    }

private:
    OwnedDescriptor listener;
    OwnedDescriptor connection;
    // For the addresses that refuse and that do not answer; made when asked for.
    OwnedDescriptor refusing;
    OwnedDescriptor silent;
    OwnedDescriptor waiting;
};

} // namespace weft::contract
