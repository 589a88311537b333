#include <weft/sources/contract/source_contract.hpp>

#include "tests/sources/contract/protocol_server.hpp"
#include "tests/sources/websocket/websocket_peer.hpp"

#include <fmt/format.h>

#include <optional>
#include <stop_token>
#include <thread>

#include <sys/socket.h>

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

    bool awaitSource() override
    {
        goodByes = std::jthread();
        return ProtocolServer::awaitSource();
    }

    bool greet() override
    {
        if (WebSocketPeer(channel()).accept().empty())
        {
            return false;
        }
        goodByes = std::jthread(
            [this](const std::stop_token& stopped)
            {
                answerGoodBye(stopped);
            });
        return true;
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
        goodByes = std::jthread();
        return write(closeFrame(1000));
    }

    bool reset() override
    {
        goodByes = std::jthread();
        return ProtocolServer::reset();
    }

private:
    /// As servers do (RFC 6455, 5.5.1 and 7.1.1): a source that is stopped waits for it.
    void answerGoodBye(const std::stop_token& stopped)
    {
        const std::stop_callback endReading(stopped,
                                            [this]
                                            {
                                                ::shutdown(connection.get(), SHUT_RD);
                                            });
        if (WebSocketPeer(channel()).awaitClose().opcode == opcode::Close &&
            write(closeFrame(1000)))
        {
            ::shutdown(connection.get(), SHUT_WR);
        }
    }

    std::jthread goodByes; // last: it uses the rest
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
