#pragma once

#include <weft/sources/mqtt/mqtt_settings.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>

struct mosquitto;
struct mosquitto_message;

namespace weft
{

/// Who is given the messages of an MqttClient, from within its calls to the library.
class MqttReceiver
{
public:
    virtual void received(std::span<const std::byte> payload, int qos) = 0;

protected:
    ~MqttReceiver() = default;
};

/// A client object of libmosquitto, and what its callbacks have said. Not thread-safe; the
/// callbacks run on the thread that calls the library.
///
/// The library takes it for one that several threads use (mosquitto_threaded_set). It has one user,
/// but so the library never sends from within other calls: what it has to send, acknowledgements
/// among it, is queued until mosquitto_loop_write is called.
class MqttClient
{
public:
    MqttClient(const MqttSettings& clientSettings, MqttReceiver& messageReceiver);

    MqttClient(const MqttClient&) = delete;
    MqttClient& operator=(const MqttClient&) = delete;

    /// Resolves the host's name, begins to connect and queues the MQTT connect. Blocks: for name
    /// servers, for files. Throws SourceError.
    void connect();

    /// Throws the SourceError that the broker's answer to the MQTT connect stands for, if any. Only
    /// when it has answered.
    void requireAccepted() const;

    /// The broker has answered, and what it says goes on without the library's own account.
    void endLog() noexcept;

    /// Whether the library still has a socket.
    bool isConnected() const noexcept;

    mosquitto* handle() const noexcept
    {
        return library.get();
    }

    /// Throws the SourceError that a result of the library stands for, if any. `errnoValue` is
    /// errno as the call has left it.
    void check(int result, int errnoValue, const char* whatItDid) const;

    /// By the machine, when the library's first attempt to send came upon it.
    bool isRefused = false;
    /// There is a request for topics that the broker has not answered.
    bool awaitsSuback = false;

    // What the callbacks have said since connect().
    std::optional<int> answer;               // of the broker to the MQTT connect
    bool sessionPresent = false;             // it has kept one
    bool subscribed = false;                 // by this object, at any time
    std::optional<std::size_t> refusedTopic; // of the settings' topics
    std::uint64_t messages = 0;              // that the receiver was given, ever
    std::exception_ptr failure;              // of the receiver

private:
    struct Destroy
    {
        void operator()(mosquitto* client) const noexcept;
    };

    void configure();
    void configureTls();

    static void onConnect(mosquitto*, void* self, int code, int flags);
    static void onSubscribe(mosquitto*, void* self, int, int count, const int* granted);
    static void onMessage(mosquitto*, void* self, const mosquitto_message* message);
    static void onLog(mosquitto*, void* self, int level, const char* text);

    const MqttSettings settings;
    MqttReceiver& receiver;
    std::unique_ptr<mosquitto, Destroy> library;
    bool configured = false;
    std::string errors; // that the library has told of
};

} // namespace weft
