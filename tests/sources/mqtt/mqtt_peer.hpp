#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct mosquitto;
struct mosquitto_message;

namespace weft::test
{

/// Somebody else at the broker, who publishes and subscribes. Has a thread of the library.
class MqttPeer
{
public:
    explicit MqttPeer(std::uint16_t port, const std::string& user = {},
                      const std::string& password = {});
    ~MqttPeer();

    MqttPeer(const MqttPeer&) = delete;
    MqttPeer& operator=(const MqttPeer&) = delete;

    struct Options
    {
        int qos = 1;
        bool retain = false;
    };

    /// Returns when the broker has acknowledged all.
    void publish(const std::string& topic, const std::vector<std::string>& payloads,
                 Options options);

    void publish(const std::string& topic, const std::vector<std::string>& payloads)
    {
        publish(topic, payloads, Options());
    }

    /// Returns when the broker has acknowledged it.
    void subscribe(const std::string& topic);

    /// Returns when one has come.
    void awaitMessage(std::string_view payload);
    bool hasMessage(std::string_view payload);

private:
    static void onPublish(mosquitto*, void* self, int);
    static void onSubscribe(mosquitto*, void* self, int, int, const int*);
    static void onMessage(mosquitto*, void* self, const mosquitto_message* message);

    template <typename Condition>
    void await(Condition condition);

    std::mutex mutex;
    std::condition_variable changed;
    std::size_t acknowledged = 0;
    std::size_t subscribed = 0;
    std::vector<std::string> messages;
    mosquitto* client = nullptr;
};

} // namespace weft::test
