#pragma once

#include <weft/sources/contract/tcp_peer.hpp>

#include "tests/sources/stream/byte_channel.hpp"

namespace weft::test
{

/// A TCP server whose bytes are those of a protocol. What TCP itself may do before the protocol
/// begins is tested with a plain TcpPeer.
class ProtocolServer : public contract::TcpPeer
{
public:
    /// The connection is made, and the protocol's own greeting is not answered.
    std::optional<ParameterTexts> unanswering() override
    {
        return configuration();
    }

    std::optional<ParameterTexts> atSimulatedAddress(const std::string&, std::uint16_t) override
    {
        return std::nullopt;
    }

    std::string whyNot(contract::Ability ability) const override
    {
        return ability == contract::Ability::Simulation
                   ? "its connections carry a pattern of bytes, and no protocol"
                   : "";
    }

protected:
    /// Of the connection.
    ByteChannel channel()
    {
        return {.send =
                    [this](std::string_view bytes)
                {
                    write(bytes);
                },
                .receive =
                    [this]
                {
                    return read();
                }};
    }
};

} // namespace weft::test
