#pragma once

#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>
#include <weft/sources/websocket/websocket_connection.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft
{

/// Receives the messages that a WebSocket server sends. A server that closes between messages,
/// with 1000 or no code, ends the stream; any other end is an error.
class WebSocketSource final : public Source
{
public:
    static constexpr const char* TypeHelp = "messages that a WebSocket server sends";
    static std::vector<ParameterDefinition> parameters();

    explicit WebSocketSource(const SourceDescriptor& descriptor);

    void open() override;
    FillStatus fillBuffer(Fill& fill) override;
    void close() override;

    StackClass stackClass() const noexcept override
    {
        return StackClass::Medium;
    }

    /// "127.0.0.1:40000 -> 127.0.0.1:9000, the-subprotocol"
    std::string describe() const override;

private:
    enum class Framing : std::uint8_t
    {
        None,
        Newline,
        Length,
    };

    /// Silence is answered with a ping, silence after that is an error. What counts is silence
    /// while somebody listens: the time that the source waits for a buffer does not.
    class KeepAlive
    {
    public:
        KeepAlive(std::chrono::nanoseconds pingInterval, std::chrono::nanoseconds pongTimeout);

        void begin(Clock::time_point now) noexcept;
        void listens(Clock::time_point now) noexcept;
        void rests(Clock::time_point now) noexcept;
        void heard(Clock::time_point when) noexcept;

        /// When a ping is to be sent, or its answer is overdue.
        Deadline due() const noexcept;

        /// Sends a ping, or throws SourceError.
        void act(WebSocketConnection& webSocket, const std::string& url);

    private:
        const std::chrono::nanoseconds interval;
        const std::chrono::nanoseconds timeout;
        Clock::time_point silentSince{};
        std::optional<Clock::time_point> pinged;
        Clock::time_point restsSince{};
    };

    static Framing framingOf(const SourceDescriptor& descriptor);
    static WebSocketSettings settingsOf(const SourceDescriptor& descriptor);
    std::unique_ptr<WebSocketConnection> connect(Deadline deadline) const;
    void moveFramed(Fill& fill);
    bool await(Fill& fill);
    bool receive(Fill& fill);
    bool receiveWhole();

    const WebSocketSettings settings;
    const std::string greeting;
    const std::chrono::nanoseconds connectTimeout;
    const Framing framing;
    KeepAlive keepAlive;
    std::unique_ptr<WebSocketConnection> connection;
    std::vector<std::byte> message;    // with its length in front, where that is the framing
    std::span<const std::byte> framed; // to be delivered before anything else
};

} // namespace weft
