#pragma once

#include <weft/reactor/io.hpp>
#include <weft/sources/stream/http_exchange.hpp>
#include <weft/sources/stream/url.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft
{

struct WebSocketSettings
{
    Url url;
    ClientStreamSettings server;
    std::vector<std::string> subprotocols;
    HttpHeaders headers;
    std::size_t messageBytesMax = 0;
    /// For what is sent in between: answers to pings, and pings.
    std::chrono::nanoseconds sendTimeout{};

    /// "wss://example.com:8443/feed"
    std::string text;
};

/// The client's side of a WebSocket, by Boost.Beast. Of one fiber or thread.
class WebSocketConnection
{
public:
    /// Connects and makes the handshakes. Throws SourceError. Suspends.
    WebSocketConnection(const WebSocketSettings& settings, Deadline deadline);
    ~WebSocketConnection();

    WebSocketConnection(const WebSocketConnection&) = delete;
    WebSocketConnection& operator=(const WebSocketConnection&) = delete;

    /// A message of text. Throws SourceError. Suspends.
    void send(const std::string& text, Deadline deadline);

    /// Returns when something has arrived, and whether receive() would not wait now; answers pings.
    /// The error is one of giving up, with nothing lost, in the middle of a frame either. Throws
    /// SourceError. Suspends.
    io::Result<bool> await(Deadline deadline);

    struct Received
    {
        std::size_t sizeBytes;
        bool endsMessage;
    };

    /// A part of a message, possibly empty when it ends the message; nothing when the server has
    /// closed between messages with 1000 or no code. Only when await() has said so. Throws
    /// SourceError. Suspends, but only to answer what closes.
    std::optional<Received> receive(std::span<std::byte> buffer);

    /// Throws SourceError. Suspends.
    void ping();

    /// When the last byte came.
    Clock::time_point lastHeard() const noexcept;

    /// Says good-bye, gives the server a moment to answer, and closes. Suspends.
    io::Result<void> close();

    std::string describe() const;

private:
    struct State;
    std::unique_ptr<State> state;
};

} // namespace weft
