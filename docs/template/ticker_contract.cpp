#include <weft/sources/contract/source_contract.hpp>
#include <weft/sources/contract/tcp_peer.hpp>

struct TickerPeer : weft::contract::TcpPeer
{
    weft::ParameterTexts parameters(const std::string& host, std::uint16_t port) override
    {
        return {{"host", host}, {"port", std::to_string(port)}, {"symbol", "WEFT"}};
    }

    bool greet() override // what the server does with a new connection
    {
        return read() == "WEFT\n";
    }
};

WEFT_SOURCE_CONTRACT(ticker, TickerPeer)
