#include <weft/sources/contract/source_contract.hpp>
#include <weft/sources/contract/tcp_peer.hpp>

namespace
{

struct TcpClient final : weft::contract::TcpClientPeer
{
    weft::ParameterTexts parameters(const std::string& host, std::uint16_t port) override
    {
        return {{"host", host}, {"port", std::to_string(port)}};
    }

    std::unique_ptr<ClientPeer> another() const override
    {
        return std::make_unique<TcpClient>(*this);
    }
};

} // namespace

WEFT_SOURCE_CONTRACT(tcp_listen, TcpClient)
