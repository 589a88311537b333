#include <weft/sources/contract/source_contract.hpp>

#include "tests/sources/contract/protocol_server.hpp"
#include "tests/sources/websocket/websocket_peer.hpp"

#include <fmt/format.h>

#include <optional>

namespace
{

using namespace weft::test;

/// A message for each record.
struct WebSocketServer : ProtocolServer
{
    weft::ParameterTexts parameters(const std::string& host, std::uint16_t port) override
    {
        return {{"url", fmt::format("ws://{}:{}/feed", host, port)}, {"framing", "newline"}};
    }

    bool greet() override
    {
        return !WebSocketPeer(channel()).accept().empty();
    }

    bool send(std::string_view record) override
    {
        return write(frame(opcode::Text, record));
    }

    std::string delivered(std::string_view record) const override
    {
        return std::string(record) + '\n';
    }

    bool end() override
    {
        return write(closeFrame(1000));
    }
};

/// The parts of a message come in frames of their own, with a ping between them, and each frame in
/// two parts.
struct FragmentingServer final : WebSocketServer
{
    bool send(std::string_view record) override
    {
        const auto half = record.size() / 2;
        return writeInParts(frame(opcode::Binary, record.substr(0, half), false)) &&
               writeInParts(frame(opcode::Ping, "?")) &&
               writeInParts(frame(opcode::Continuation, record.substr(half)));
    }

private:
    bool writeInParts(const std::string& bytes)
    {
        return write(bytes.substr(0, 1)) && write(bytes.substr(1));
    }
};

} // namespace

WEFT_SOURCE_CONTRACT(websocket, WebSocketServer)
WEFT_SOURCE_CONTRACT(websocket, FragmentingServer)
