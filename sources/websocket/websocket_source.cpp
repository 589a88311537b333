#include <weft/sources/quantity.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>
#include <weft/sources/websocket/websocket_source.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

WEFT_REGISTER_SOURCE(websocket, weft::WebSocketSource)

namespace weft
{

namespace
{

constexpr UrlSchemes Schemes{.plain = "ws", .secure = "wss"};
constexpr std::array<std::string_view, 6> ReservedHeaders{
    "Host", "Connection", "Upgrade", "Transfer-Encoding", "Content-Length", "Sec-WebSocket-"};
constexpr std::array Newline{std::byte{'\n'}};
constexpr std::size_t LengthBytes = 4;

/// Separated by commas, with blanks around them.
std::vector<std::string> readSubprotocols(const SourceDescriptor& descriptor)
{
    const auto& text = descriptor.text("subprotocols");
    std::vector<std::string> names;
    std::size_t begin = 0;
    while (!text.empty() && begin <= text.size())
    {
        const auto end = std::min(text.find(',', begin), text.size());
        const auto first = std::min(text.find_first_not_of(' ', begin), end);
        const auto last = text.find_last_not_of(' ', end - 1);
        auto name = first < end ? text.substr(first, last - first + 1) : std::string();
        if (!isToken(name))
        {
            throw InvalidParameter("subprotocols",
                                   fmt::format("is '{}', in which '{}' is the name of no "
                                               "subprotocol; allowed: such as 'feed.v2, feed.v1'",
                                               text, name));
        }
        names.push_back(std::move(name));
        begin = end + 1;
    }
    return names;
}

} // namespace

std::vector<ParameterDefinition> WebSocketSource::parameters()
{
    std::vector<ParameterDefinition> definitions{
        {.name = "url",
         .type = ParameterType::Text,
         .help = "of the server: ws://host:port/path, or wss:// with TLS"},
        {.name = "subprotocols",
         .type = ParameterType::Text,
         .defaultValue = "",
         .help = "offered to the server, which has to choose one; separated by commas"},
        headersParameter(),
        {.name = "send",
         .type = ParameterType::Text,
         .defaultValue = "",
         .help = "message of text to send after connecting; empty: none"},
        {.name = "framing",
         .type = ParameterType::Text,
         .defaultValue = "none",
         .help = "what tells messages apart: nothing, a newline after each, or four bytes with its "
                 "length before it, the highest first",
         .choices = {"none", "newline", "length"}},
        {.name = "message_size_max",
         .type = ParameterType::Size,
         .defaultValue = "16MiB",
         .help = "a larger message is an error",
         .least = 1,
         .most = std::numeric_limits<std::uint32_t>::max()},
        {.name = "ping_interval",
         .type = ParameterType::Duration,
         .defaultValue = "20s",
         .help = "send a ping after such a silence; 0: none"},
        {.name = "pong_timeout",
         .type = ParameterType::Duration,
         .defaultValue = "10s",
         .help = "give up when the silence lasts so long after a ping, or nothing can be sent",
         .least = 1'000'000},
        {.name = "connect_timeout",
         .type = ParameterType::Duration,
         .defaultValue = "10s",
         .help = "give up when connecting, with all handshakes, takes longer",
         .least = 1'000'000},
    };
    for (auto& definition : tlsParameters())
    {
        definitions.push_back(std::move(definition));
    }
    for (auto& definition : reconnectParameters())
    {
        definitions.push_back(std::move(definition));
    }
    return definitions;
}

WebSocketSettings WebSocketSource::settingsOf(const SourceDescriptor& descriptor)
{
    const auto url = readUrl(descriptor, Schemes);
    return {.url = url,
            .server = connectionTo(url, descriptor, Schemes),
            .subprotocols = readSubprotocols(descriptor),
            .headers = readHeaders(descriptor, ReservedHeaders),
            .messageBytesMax = descriptor.sizeBytes("message_size_max"),
            .sendTimeout = descriptor.duration("pong_timeout"),
            .text = descriptor.text("url")};
}

WebSocketSource::Framing WebSocketSource::framingOf(const SourceDescriptor& descriptor)
{
    const auto& text = descriptor.text("framing");
    return text == "newline"  ? Framing::Newline
           : text == "length" ? Framing::Length
                              : Framing::None;
}

WebSocketSource::WebSocketSource(const SourceDescriptor& descriptor)
    : settings(settingsOf(descriptor)),
      greeting(descriptor.text("send")),
      connectTimeout(descriptor.duration("connect_timeout")),
      framing(framingOf(descriptor)),
      keepAlive(descriptor.duration("ping_interval"), descriptor.duration("pong_timeout"))
{
}

void WebSocketSource::open()
{
    message.clear();
    framed = {};
    try
    {
        connection = connect(io::after(connectTimeout));
    }
    catch (const SourceError& error)
    {
        throwIfTimedOut(error, settings.text, connectTimeout);
        throw;
    }
    keepAlive.begin(Clock::now());
}

std::unique_ptr<WebSocketConnection> WebSocketSource::connect(Deadline deadline) const
{
    auto opened = std::make_unique<WebSocketConnection>(settings, deadline);
    if (!greeting.empty())
    {
        opened->send(greeting, deadline);
    }
    return opened;
}

FillStatus WebSocketSource::fillBuffer(Fill& fill)
{
    keepAlive.listens(Clock::now());
    auto status = FillStatus::More;
    while (fill.wantsMore())
    {
        if (!framed.empty())
        {
            moveFramed(fill);
            continue;
        }
        if (!await(fill))
        {
            break;
        }
        const bool goesOn = framing == Framing::Length ? receiveWhole() : receive(fill);
        if (!goesOn)
        {
            status = FillStatus::EndOfStream;
            break;
        }
    }
    keepAlive.rests(Clock::now());
    return status;
}

/// As much of it as there is room for.
void WebSocketSource::moveFramed(Fill& fill)
{
    const auto count = std::min(framed.size(), fill.rest().size());
    std::ranges::copy(framed.first(count), fill.rest().begin());
    fill.advance(count);
    framed = framed.subspan(count);
}

/// False when the buffer is to be delivered as it is, or a stop has come.
bool WebSocketSource::await(Fill& fill)
{
    for (;;)
    {
        const auto arrived = connection->await(fill.deadline(keepAlive.due()));
        keepAlive.heard(connection->lastHeard());
        if (arrived && *arrived)
        {
            return true;
        }
        if (arrived)
        {
            continue;
        }
        if (arrived.error() == IoError::Stopped || Clock::now() < keepAlive.due())
        {
            return false;
        }
        keepAlive.act(*connection, settings.text);
    }
}

/// False at the end of the stream.
bool WebSocketSource::receive(Fill& fill)
{
    const auto received = connection->receive(fill.rest());
    if (!received)
    {
        return false;
    }
    fill.advance(received->sizeBytes);
    if (received->endsMessage && framing == Framing::Newline)
    {
        framed = Newline;
        moveFramed(fill); // before it is asked whether the buffer is to wait for more
    }
    return true;
}

/// A part into `message`, which is framed when it is whole: its length is not known before.
bool WebSocketSource::receiveWhole()
{
    constexpr std::size_t PartBytes = 4096;
    if (message.empty() || framed.data() != nullptr)
    {
        framed = {};
        message.resize(LengthBytes);
    }
    const auto sizeBefore = message.size();
    message.resize(sizeBefore + PartBytes);
    const auto received = connection->receive(std::span(message).subspan(sizeBefore));
    message.resize(sizeBefore + (received ? received->sizeBytes : 0));
    if (!received)
    {
        return false;
    }
    if (received->endsMessage)
    {
        const auto length = message.size() - LengthBytes;
        for (std::size_t index = 0; index < LengthBytes; ++index)
        {
            constexpr unsigned BitsPerByte = 8;
            message[index] =
                static_cast<std::byte>(length >> (LengthBytes - 1 - index) * BitsPerByte);
        }
        framed = message;
    }
    return true;
}

void WebSocketSource::close()
{
    const auto closed = connection->close();
    connection.reset();
    if (!closed)
    {
        throw SourceError(closed.error(), fmt::format("close {}", settings.text));
    }
}

std::string WebSocketSource::describe() const
{
    return connection->describe();
}

WebSocketSource::KeepAlive::KeepAlive(std::chrono::nanoseconds pingInterval,
                                      std::chrono::nanoseconds pongTimeout)
    : interval(pingInterval),
      timeout(pongTimeout)
{
}

void WebSocketSource::KeepAlive::begin(Clock::time_point now) noexcept
{
    silentSince = now;
    restsSince = now;
    pinged.reset();
}

void WebSocketSource::KeepAlive::listens(Clock::time_point now) noexcept
{
    if (pinged)
    {
        *pinged += now - restsSince;
    }
}

void WebSocketSource::KeepAlive::rests(Clock::time_point now) noexcept
{
    restsSince = now;
}

void WebSocketSource::KeepAlive::heard(Clock::time_point when) noexcept
{
    if (when > silentSince)
    {
        silentSince = when;
        pinged.reset();
    }
}

Deadline WebSocketSource::KeepAlive::due() const noexcept
{
    if (interval == std::chrono::nanoseconds::zero())
    {
        return NoDeadline;
    }
    return pinged ? *pinged + timeout : silentSince + interval;
}

void WebSocketSource::KeepAlive::act(WebSocketConnection& webSocket, const std::string& url)
{
    if (pinged)
    {
        throw SourceError(errnoError(ETIMEDOUT),
                          fmt::format("receive from {}: no answer to a ping within {}", url,
                                      formatDuration(timeout)));
    }
    webSocket.ping();
    pinged = Clock::now();
}

} // namespace weft
