#include <weft/sources/quantity.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/websocket/frame_gate.hpp>
#include <weft/sources/websocket/websocket_connection.hpp>

#include <boost/beast/websocket/stream.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace weft
{

namespace
{

namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

/// Without compression: what is inflated comes in no order that FrameGate could await.
using Stream = websocket::stream<FrameGate, false>;

/// The names in RFC 6455, 7.4.1, and in its registry.
const char* nameOf(std::uint16_t closeCode)
{
    switch (closeCode)
    {
    case 1000:
        return "normal";
    case 1001:
        return "going away";
    case 1002:
        return "protocol error";
    case 1003:
        return "data of this kind not accepted";
    case 1007:
        return "payload not as its type says";
    case 1008:
        return "policy violated";
    case 1009:
        return "message too big";
    case 1010:
        return "extension missing";
    case 1011:
        return "internal error";
    case 1012:
        return "service restarts";
    case 1013:
        return "try again later";
    case 1014:
        return "bad gateway";
    default:
        return "not in the standard";
    }
}

/// Whether a server that closed with this code may answer another time: one that goes away may be
/// starting again.
int errnoOf(std::uint16_t closeCode)
{
    constexpr std::uint16_t InternalError = 1011;
    constexpr std::uint16_t BadGateway = 1014;
    const bool mayPass = closeCode == websocket::close_code::going_away ||
                         (closeCode >= InternalError && closeCode <= BadGateway);
    return mayPass ? ECONNABORTED : EPROTO;
}

std::string withReason(const websocket::close_reason& reason)
{
    if (reason.code == websocket::close_code::none)
    {
        return "closed without a code";
    }
    return fmt::format("closed with {} ({}){}{}", reason.code, nameOf(reason.code),
                       reason.reason.empty() ? "" : ": ",
                       std::string_view(reason.reason.data(), reason.reason.size()));
}

std::string_view viewOf(boost::beast::string_view text)
{
    return {text.data(), text.size()};
}

} // namespace

struct WebSocketConnection::State
{
    State(const WebSocketSettings& connectionSettings, Deadline deadline)
        : settings(connectionSettings),
          stream(FrameGate(ClientStream(settings.server, deadline)))
    {
    }

    FrameGate& gate() noexcept
    {
        return stream.next_layer();
    }

    const FrameGate& gate() const noexcept
    {
        return stream.next_layer();
    }

    void handshake(Deadline deadline);
    void checkSubprotocol(const websocket::response_type& answer);
    void answerPing();
    bool saysGoodBye(const error_code& error) const;
    [[noreturn]] void failReceive(const error_code& error, bool inMessage);

    const WebSocketSettings& settings;
    Stream stream;
    std::string subprotocol;
    bool refused = false; // what the server sent
};

void WebSocketConnection::State::handshake(Deadline deadline)
{
    gate().setReadDeadline(deadline);
    gate().setWriteDeadline(deadline);
    stream.read_message_max(settings.messageBytesMax);
    stream.set_option(websocket::stream_base::decorator(
        [this](websocket::request_type& request)
        {
            if (!hasHeader(settings.headers, "User-Agent"))
            {
                request.set(http::field::user_agent, "weft");
            }
            if (!settings.subprotocols.empty())
            {
                request.set(http::field::sec_websocket_protocol,
                            fmt::format("{}", fmt::join(settings.subprotocols, ", ")));
            }
            for (const auto& [name, value] : settings.headers)
            {
                request.insert(name, value);
            }
        }));
    websocket::response_type answer;
    error_code error;
    stream.handshake(answer, settings.url.authority(), settings.url.target, error);
    if (error == websocket::error::upgrade_declined)
    {
        throw SourceError(errnoError(errnoOfStatus(answer.result_int())),
                          fmt::format("open {}: the server answered {} {}", settings.text,
                                      answer.result_int(), viewOf(answer.reason())));
    }
    if (error == http::error::end_of_stream || error == boost::asio::error::eof)
    {
        throw SourceError(errnoError(ECONNABORTED),
                          fmt::format("open {}: the server closed the connection without an answer",
                                      settings.text));
    }
    if (error)
    {
        throw SourceError(error, fmt::format("open {}", settings.text));
    }
    checkSubprotocol(answer);
    gate().setWriteDeadline(NoDeadline);
    gate().beginFrames();
}

/// As browsers do: a server that is offered subprotocols has to choose one of them, and else none.
void WebSocketConnection::State::checkSubprotocol(const websocket::response_type& answer)
{
    subprotocol = viewOf(answer[http::field::sec_websocket_protocol]);
    const auto& offered = settings.subprotocols;
    const bool isOffered = std::ranges::find(offered, subprotocol) != offered.end();
    if (isOffered || (offered.empty() && subprotocol.empty()))
    {
        return;
    }
    throw SourceError(
        errnoError(EPROTO),
        fmt::format("open {}: the server chose {}; offered: {}", settings.text,
                    subprotocol.empty() ? "no subprotocol"
                                        : fmt::format("the subprotocol '{}'", subprotocol),
                    offered.empty() ? "none" : fmt::format("{}", fmt::join(offered, ", "))));
}

void WebSocketConnection::State::answerPing()
{
    const auto text = gate().takePing();
    gate().setControlDeadline(io::after(settings.sendTimeout));
    error_code error;
    stream.pong(websocket::ping_data(text.data(), text.size()), error);
    if (error)
    {
        throw SourceError(error, fmt::format("answer a ping of {}", settings.text));
    }
}

bool WebSocketConnection::State::saysGoodBye(const error_code& error) const
{
    const auto code = stream.reason().code;
    return error == websocket::error::closed &&
           (code == websocket::close_code::normal || code == websocket::close_code::none);
}

void WebSocketConnection::State::failReceive(const error_code& error, bool inMessage)
{
    const auto receiving = fmt::format("receive from {}", settings.text);
    if (error == websocket::error::closed)
    {
        const auto& reason = stream.reason();
        // More had to come: whatever the code, this is no end.
        throw SourceError(errnoError(inMessage ? ECONNABORTED : errnoOf(reason.code)),
                          fmt::format("{}: the server {}{}", receiving, withReason(reason),
                                      inMessage ? ", in the middle of a message" : ""));
    }
    if (error == boost::asio::error::eof)
    {
        throw SourceError(
            errnoError(ECONNABORTED),
            fmt::format("{}: the connection ended without being closed (1006)", receiving));
    }
    if (error == websocket::error::message_too_big)
    {
        refused = true;
        throw SourceError(errnoError(EMSGSIZE),
                          fmt::format("{}: a message is larger than message_size_max, which is {}; "
                                      "closed with 1009",
                                      receiving, formatSize(settings.messageBytesMax)));
    }
    refused = true;
    throw SourceError(error, receiving);
}

WebSocketConnection::WebSocketConnection(const WebSocketSettings& settings, Deadline deadline)
    : state(std::make_unique<State>(settings, deadline))
{
    state->handshake(deadline);
}

WebSocketConnection::~WebSocketConnection() = default;

void WebSocketConnection::send(const std::string& text, Deadline deadline)
{
    state->gate().setWriteDeadline(deadline);
    state->stream.text(true);
    error_code error;
    state->stream.write(boost::asio::buffer(text), error);
    if (error)
    {
        throw SourceError(error, fmt::format("send to {}", state->settings.text));
    }
}

io::Result<bool> WebSocketConnection::await(Deadline deadline)
{
    if (const auto arrived = state->gate().await(deadline); !arrived)
    {
        return std::unexpected(arrived.error());
    }
    if (state->gate().hasPing())
    {
        state->answerPing();
    }
    return state->gate().isReadable();
}

std::optional<WebSocketConnection::Received>
WebSocketConnection::receive(std::span<std::byte> buffer)
{
    auto& stream = state->stream;
    const bool inMessage = !stream.is_message_done();
    state->gate().setControlDeadline(io::after(state->settings.sendTimeout));
    error_code error;
    const auto sizeBytes =
        stream.read_some(boost::asio::buffer(buffer.data(), buffer.size()), error);
    if (!error)
    {
        state->gate().delivered(sizeBytes);
        return Received{.sizeBytes = sizeBytes, .endsMessage = stream.is_message_done()};
    }
    if (state->saysGoodBye(error) && !inMessage)
    {
        return std::nullopt;
    }
    state->failReceive(error, inMessage);
}

void WebSocketConnection::ping()
{
    state->gate().setControlDeadline(io::after(state->settings.sendTimeout));
    error_code error;
    state->stream.ping({}, error);
    if (error)
    {
        throw SourceError(error, fmt::format("send a ping to {}", state->settings.text));
    }
}

Clock::time_point WebSocketConnection::lastHeard() const noexcept
{
    return state->gate().lastHeard();
}

io::Result<void> WebSocketConnection::close()
{
    // Closed while bytes are unread, the kernel resets the connection, and the server never sees
    // why it was closed.
    auto& gate = state->gate();
    const auto deadline = gate.goodByeDeadline();
    gate.endFrames();
    gate.setWriteDeadline(deadline);
    gate.setReadDeadline(deadline);
    if (state->stream.is_open())
    {
        error_code ignored;
        state->stream.close(websocket::close_code::normal, ignored);
    }
    else if (state->refused)
    {
        gate.drain();
    }
    return gate.connection().close();
}

std::string WebSocketConnection::describe() const
{
    return fmt::format("{}{}{}", state->stream.next_layer().connection().describe(),
                       state->subprotocol.empty() ? "" : ", ", state->subprotocol);
}

} // namespace weft
