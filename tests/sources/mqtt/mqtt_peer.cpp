#include "mqtt_peer.hpp"

#include <algorithm>
#include <stdexcept>

#include <mosquitto.h>

namespace weft::test
{

namespace
{

void check(int result, const char* what)
{
    if (result != MOSQ_ERR_SUCCESS)
    {
        throw std::runtime_error(std::string(what) + ": " + mosquitto_strerror(result));
    }
}

} // namespace

MqttPeer::MqttPeer(std::uint16_t port, const std::string& user, const std::string& password)
{
    mosquitto_lib_init();
    client = mosquitto_new(nullptr, true, this);
    mosquitto_publish_callback_set(client, onPublish);
    mosquitto_subscribe_callback_set(client, onSubscribe);
    mosquitto_message_callback_set(client, onMessage);
    if (!user.empty())
    {
        mosquitto_username_pw_set(client, user.c_str(), password.c_str());
    }
    check(mosquitto_connect(client, "127.0.0.1", port, 60), "connect");
    check(mosquitto_loop_start(client), "start");
}

MqttPeer::~MqttPeer()
{
    mosquitto_disconnect(client);
    mosquitto_loop_stop(client, false); // when the farewell has left
    mosquitto_destroy(client);
}

template <typename Condition>
void MqttPeer::await(Condition condition)
{
    std::unique_lock lock(mutex);
    changed.wait(lock, condition);
}

void MqttPeer::publish(const std::string& topic, const std::vector<std::string>& payloads,
                       Options options)
{
    std::size_t wanted = 0;
    {
        const std::lock_guard lock(mutex);
        wanted = acknowledged + payloads.size();
    }
    for (const auto& payload : payloads)
    {
        check(mosquitto_publish(client, nullptr, topic.c_str(), static_cast<int>(payload.size()),
                                payload.data(), options.qos, options.retain),
              "publish");
    }
    await(
        [&]
        {
            return acknowledged >= wanted;
        });
}

void MqttPeer::subscribe(const std::string& topic)
{
    check(mosquitto_subscribe(client, nullptr, topic.c_str(), 1), "subscribe");
    await(
        [&]
        {
            return subscribed > 0;
        });
}

void MqttPeer::awaitMessage(std::string_view payload)
{
    await(
        [&]
        {
            return std::ranges::find(messages, payload) != messages.end();
        });
}

bool MqttPeer::hasMessage(std::string_view payload)
{
    const std::lock_guard lock(mutex);
    return std::ranges::find(messages, payload) != messages.end();
}

void MqttPeer::onPublish(mosquitto*, void* self, int)
{
    auto& peer = *static_cast<MqttPeer*>(self);
    const std::lock_guard lock(peer.mutex);
    ++peer.acknowledged;
    peer.changed.notify_all();
}

void MqttPeer::onSubscribe(mosquitto*, void* self, int, int, const int*)
{
    auto& peer = *static_cast<MqttPeer*>(self);
    const std::lock_guard lock(peer.mutex);
    ++peer.subscribed;
    peer.changed.notify_all();
}

void MqttPeer::onMessage(mosquitto*, void* self, const mosquitto_message* message)
{
    auto& peer = *static_cast<MqttPeer*>(self);
    const std::lock_guard lock(peer.mutex);
    peer.messages.emplace_back(static_cast<const char*>(message->payload),
                               static_cast<std::size_t>(message->payloadlen));
    peer.changed.notify_all();
}

} // namespace weft::test
