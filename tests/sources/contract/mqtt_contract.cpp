#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/source_contract.hpp>

#include "tests/sources/mqtt/broker.hpp"
#include "tests/sources/mqtt/mqtt_peer.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>

#include <optional>

namespace
{

using weft::contract::Ability;
using weft::contract::awaitCondition;
using weft::test::Broker;
using weft::test::MqttPeer;

/// A real broker and somebody who publishes there, for all peers one after the other.
class SharedBroker
{
public:
    static SharedBroker& instance()
    {
        static SharedBroker shared;
        return shared;
    }

    std::string uri() const
    {
        return broker.uri();
    }

    std::string log() const
    {
        return broker.log();
    }

    void publish(const std::string& topic, std::string_view payload)
    {
        publisher->publish(topic, {std::string(payload)});
    }

    /// Gone with all connections, and back.
    void crash()
    {
        publisher.reset();
        broker.kill();
        broker.restart();
        publisher.emplace(broker.port());
    }

private:
    // No queue of the broker is ever full; its log says who comes, subscribes and goes.
    Broker broker{"allow_anonymous true\nmax_queued_messages 0\n"
                  "log_type information\nlog_type notice\nlog_type subscribe\n"};
    std::optional<MqttPeer> publisher{std::in_place, broker.port()};
};

/// A topic of the broker, for one source.
struct Topic final : weft::contract::LivePeer
{
    Topic() : name(nextName())
    {
    }

    weft::ParameterTexts configuration() override
    {
        return at(broker.uri());
    }

    std::optional<weft::ParameterTexts> unreachable() override
    {
        return at(fmt::format("mqtt://127.0.0.1:{}", weft::refusedAddress().port()));
    }

    std::optional<weft::ParameterTexts> unanswering() override
    {
        silent.emplace();
        return at(fmt::format("mqtt://127.0.0.1:{}", silent->address.port()));
    }

    /// When the broker has taken the connection: a source asks for its topics after open().
    bool awaitSource() override
    {
        isSubscribed = false;
        return awaitCondition(
            [this]
            {
                return findInLog(" as " + name + " (", true);
            });
    }

    bool send(std::string_view record) override
    {
        if (!isSubscribed && !awaitSubscription())
        {
            return false;
        }
        broker.publish(name, record);
        return true;
    }

    std::string delivered(std::string_view record) const override
    {
        return std::string(record) + '\n';
    }

    bool reset() override
    {
        broker.crash();
        return true;
    }

    std::string whyNot(Ability ability) const override
    {
        switch (ability)
        {
        case Ability::Simulation:
            return "its connections carry a pattern of bytes, and there is no broker";
        case Ability::End:
            return "a broker does not know who publishes next";
        default:
            return {};
        }
    }

private:
    static std::string nextName()
    {
        static int count = 0;
        return fmt::format("topic-{}", ++count);
    }

    /// The source has the name of its topic.
    weft::ParameterTexts at(const std::string& uri) const
    {
        return {{"uri", uri},
                {"topics", name},
                {"client_id", name},
                {"qos", "1"},
                {"framing", "newline"}};
    }

    /// False when the source has gone before.
    bool awaitSubscription()
    {
        awaitCondition(
            [this]
            {
                isSubscribed = findInLog(fmt::format(": {0} 1 {0}\n", name));
                return isSubscribed || findInLog("Client " + name + " ");
            });
        return isSubscribed;
    }

    /// Since the source has connected for the last time; with `remember` it has just done so.
    bool findInLog(const std::string& text, bool remember = false)
    {
        const auto found = broker.log().find(text, sinceBytes);
        if (found != std::string::npos && remember)
        {
            sinceBytes = found + text.size();
        }
        return found != std::string::npos;
    }

    SharedBroker& broker = SharedBroker::instance();
    const std::string name;
    std::optional<weft::LoopbackListener> silent;
    std::size_t sinceBytes = 0;
    bool isSubscribed = false;
};

} // namespace

WEFT_SOURCE_CONTRACT(mqtt, Topic)
