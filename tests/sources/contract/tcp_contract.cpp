#include <weft/sources/contract/source_contract.hpp>
#include <weft/sources/contract/tcp_peer.hpp>

namespace
{

struct PlainPeer final : weft::contract::TcpPeer
{
    weft::ParameterTexts parameters(const std::string& host, std::uint16_t port) override
    {
        return {{"host", host}, {"port", std::to_string(port)}};
    }
};

} // namespace

WEFT_SOURCE_CONTRACT(tcp, PlainPeer)
