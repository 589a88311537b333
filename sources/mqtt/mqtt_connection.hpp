#pragma once

#include <weft/reactor/io.hpp>
#include <weft/sources/mqtt/mqtt_client.hpp>
#include <weft/sources/mqtt/mqtt_settings.hpp>
#include <weft/timers/clock.hpp>

#include <memory>
#include <optional>
#include <string>

namespace weft
{

/// A connection to an MQTT broker by libmosquitto, driven by the fiber or thread that owns it:
///   1. What may block (name servers, files, the work of a TLS handshake) runs elsewhere; all else
///      is done when the socket is ready, and by then never waits.
///   2. Nothing is sent but by send() and disconnect(), so acknowledgements leave when the owner
///      says so.
///   3. The library's object outlives the connection for as long as the session lasts: what it
///   knows
///      of messages with quality of service 2 that are under way is needed by the next one.
class MqttConnection
{
public:
    MqttConnection(const MqttSettings& connectionSettings, MqttReceiver& messageReceiver);

    MqttConnection(const MqttConnection&) = delete;
    MqttConnection& operator=(const MqttConnection&) = delete;

    /// Connects and queues the request for the topics. Throws SourceError. Suspends.
    void open();

    /// Reads what has arrived, up to one packet; false when nothing more has. Messages go to the
    /// receiver. Throws. Does not suspend.
    bool read();

    /// Waits until something has arrived. Suspends.
    io::Result<void> await(Deadline deadline);

    /// Sends all that is to be sent, acknowledgements of everything read so far among it. Throws,
    /// also when the broker takes nothing for too long. Suspends.
    io::Result<void> send(Deadline deadline);

    /// When keepAlive() is to be called, NoDeadline when nothing is to be sent or answered.
    Deadline keepAliveDue() const noexcept;

    /// Queues a ping, or throws when the broker has not answered the last one or the request for
    /// the topics. Only when all that has arrived has been read. Does not suspend.
    void keepAlive();

    /// Says farewell, so that the broker publishes no last will, unless the connection has failed;
    /// and disconnects. Acknowledgements that have not been sent leave only if `acknowledge`.
    /// Suspends.
    void disconnect(bool acknowledge) noexcept;

private:
    void connect(Deadline deadline);
    void awaitConnected(Deadline deadline);
    void awaitAnswer(Deadline deadline);
    void step(Deadline deadline);
    void stepNow();
    void subscribe();
    Deadline pingDue() const noexcept;
    [[noreturn]] void failConnect(std::error_code error) const;
    void sendRestAndFarewell() noexcept;
    void sendFarewellOnly() noexcept;
    void hangUp() noexcept;
    bool hasUnreadTls() const noexcept;
    std::string what(const char* did) const;

    const MqttSettings settings;
    MqttReceiver& receiver;
    /// Shared with a call that connects, which may be left behind.
    std::shared_ptr<MqttClient> client;
    bool isFailed = false;
    Deadline subackDue = NoDeadline; // once the request for the topics has left
    Clock::time_point lastSent;
    Clock::time_point lastReceived;
    std::optional<Clock::time_point> pinged; // and no answer yet
};

} // namespace weft
