#include "mqtt_feed.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <sstream>
#include <stdexcept>
#include <variant>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class MqttSessionTest : public MqttFeedTest
{
protected:
    /// The broker knows the session and its topics, and nobody has it.
    void makeSession(const Broker& broker)
    {
        auto source = subscribe(broker, {{"clean_session", "false"}});
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }

    std::set<std::string> linesReceived() const
    {
        std::istringstream received(log.received());
        std::set<std::string> lines;
        for (std::string line; std::getline(received, line);)
        {
            lines.insert(line);
        }
        return lines;
    }

    void awaitLines(const std::vector<std::string>& payloads)
    {
        const std::set<std::string> wanted(payloads.begin(), payloads.end());
        for (std::size_t bytes = 0; linesReceived() != wanted;)
        {
            log.waitForBytes(bytes + 1);
            bytes = log.received().size();
        }
    }
};

class MqttBackPressureTest : public testing::TestWithParam<RunnerKind>
{
};

/// Refuses the first buffer.
EmitFunction refusing(EventLog& log)
{
    return [take = log.emit()](OriginId origin, SourceEvent event) mutable
    {
        if (std::holds_alternative<SourceData>(event))
        {
            throw std::runtime_error("no room");
        }
        take(origin, std::move(event));
    };
}

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(MqttSessionTest);
WEFT_INSTANTIATE_OVER_RUNNERS(MqttBackPressureTest);

TEST_P(MqttSessionTest, messagesThatArrivedWhileTheSourceWasAwayComeWhenItIsBack)
{
    const Broker broker;
    makeSession(broker);
    const auto payloads = numbered(100);
    MqttPeer(broker.port()).publish("t/x", payloads);
    auto source = subscribe(broker, {{"clean_session", "false"}});
    awaitLines(payloads);
    EXPECT_EQ(log.received(), asLines(payloads));
}

TEST_P(MqttSessionTest, cleanSessionLeavesThemOut)
{
    const Broker broker;
    {
        auto source = subscribe(broker);
    }
    MqttPeer peer(broker.port());
    peer.publish("t/x", {"missed"});
    auto source = subscribe(broker);
    peer.publish("t/x", {"seen"});
    log.waitForBytes(5);
    EXPECT_EQ(log.received(), "seen\n");
}

// A message that downstream has refused must come again: the library queues its acknowledgement
// before it hands the message out, and must not be allowed to send it.
TEST_P(MqttSessionTest, messageThatWasNotEmittedIsNotAcknowledged)
{
    const Broker broker;
    makeSession(broker);
    const auto payloads = numbered(10);
    MqttPeer(broker.port()).publish("t/x", payloads);
    {
        auto source = provide(broker.uri(), {{"clean_session", "false"}});
        ASSERT_TRUE(source.start(refusing(log)));
        log.waitForLast();
        ASSERT_TRUE(log.failure());
        EXPECT_EQ(log.failure()->message, "no room");
    }
    // Whatever it acknowledged, it did before it said farewell.
    broker.awaitLog("Client feed disconnected.", 2);
    EXPECT_EQ(broker.countInLog("Received PUBACK from feed"), 0U);
    auto source = subscribe(broker, {{"clean_session", "false"}});
    awaitLines(payloads);
    broker.awaitLog("Received PUBACK from feed", payloads.size());
}

TEST_P(MqttSessionTest, acknowledgementsFollowTheDeliveryNotTheArrival)
{
    const Broker broker;
    auto source = subscribe(broker, {{"flush_interval", "1h"}, {"unacknowledged_max", "3"}});
    MqttPeer peer(broker.port());
    // The third makes the buffer go; nothing else would.
    peer.publish("t/x", {"one", "two"});
    EXPECT_EQ(broker.countInLog("Received PUBACK from feed"), 0U);
    peer.publish("t/x", {"three"});
    broker.awaitLog("Received PUBACK from feed", 3);
    EXPECT_EQ(log.received(), "one\ntwo\nthree\n");
}

TEST_P(MqttSessionTest, brokerKilledAndRestartedLosesNothingThatItHadSaved)
{
    Broker broker(Broker::Persistent);
    makeSession(broker);
    const auto payloads = numbered(100);
    MqttPeer(broker.port()).publish("t/x", payloads);
    broker.awaitSaved(payloads.back());
    broker.kill();
    broker.restart();
    // Holds what has come, unacknowledged, for as long as there is a connection.
    auto source = provide(broker.uri(), {{"clean_session", "false"},
                                         {"flush_interval", "1h"},
                                         {"unacknowledged_max", "30"},
                                         {"reconnect_attempts", "100000"},
                                         {"reconnect_pause_min", "1ms"},
                                         {"reconnect_pause_max", "20ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    for (std::size_t restarts = 1; restarts <= 3; ++restarts)
    {
        broker.awaitLog("Sending PUBLISH to feed", 20 * restarts);
        broker.kill();
        broker.restart();
    }
    EXPECT_EQ(broker.countInLog("Received PUBACK from feed"), 0U);
    broker.awaitLog("Sending PUBLISH to feed", 80);
    // From here on it delivers as ever.
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    auto again = subscribe(broker, {{"clean_session", "false"}});
    awaitLines(payloads);
}

TEST_P(MqttSessionTest, brokerKilledInTheMiddleOfAStreamLosesNothingThatItHadSaved)
{
    Broker broker(Broker::Persistent);
    auto source = subscribe(broker, {{"clean_session", "false"},
                                     {"reconnect_attempts", "100000"},
                                     {"reconnect_pause_min", "1ms"},
                                     {"reconnect_pause_max", "20ms"}});
    std::vector<std::string> sent;
    for (int round = 0; round < 3; ++round)
    {
        const auto payloads = numbered(60, round * 60);
        MqttPeer(broker.port()).publish("t/x", payloads);
        sent.insert(sent.end(), payloads.begin(), payloads.end());
        // The last has been saved, or has arrived.
        MqttPeer(broker.port()).publish("mark", {fmt::format("mark {}", round)}, {.retain = true});
        broker.awaitSaved(fmt::format("mark {}", round));
        broker.kill();
        broker.restart();
    }
    awaitLines(sent);
}

TEST_P(MqttSessionTest, exactlyOnceSurvivesALostConnection)
{
    Broker broker(Broker::Persistent);
    auto source = subscribe(broker, {{"qos", "2"},
                                     {"clean_session", "false"},
                                     {"reconnect_attempts", "100000"},
                                     {"reconnect_pause_min", "1ms"},
                                     {"reconnect_pause_max", "20ms"}});
    const auto payloads = numbered(100);
    {
        MqttPeer peer(broker.port());
        peer.publish("t/x", payloads, {.qos = 2});
        // Another client of the same name: the broker ends the source's connection. It answers
        // nothing, or it would take the source's messages.
        const auto connected = broker.countInLog("as feed (");
        const auto thief = tcpSocket();
        const auto address = *SocketAddress::parse("127.0.0.1", broker.port());
        checkedCall(::connect(thief.get(), address.data(), address.size()), "connect");
        // CONNECT of MQTT 3.1.1 (3.1 there): keeps the session, 60 s between pings.
        constexpr std::string_view Connect("\x10\x10\0\4MQTT\4\0\0\x3c\0\4feed", 18);
        checkedCall(static_cast<int>(::send(thief.get(), Connect.data(), Connect.size(), 0)),
                    "send");
        broker.awaitLog("as feed (", connected + 1);
    }
    awaitLines(payloads);
}

// The library keeps what it knows of messages with quality of service 2. If the broker does not, a
// new message would be taken for an old one.
TEST_P(MqttSessionTest, brokerThatHasLostTheSessionIsSubscribedToAgain)
{
    Broker broker;
    auto source = subscribe(broker, {{"qos", "2"},
                                     {"clean_session", "false"},
                                     {"reconnect_attempts", "100000"},
                                     {"reconnect_pause_min", "1ms"},
                                     {"reconnect_pause_max", "20ms"}});
    for (const std::size_t times : {2, 3})
    {
        broker.kill();
        broker.restart();
        broker.awaitLog("feed 2 t/#", times);
        MqttPeer(broker.port()).publish("t/x", {"after"}, {.qos = 2});
        log.waitForBytes(6 * (times - 1));
    }
    EXPECT_EQ(log.received(), "after\nafter\n");
}

// Nobody takes the buffers: the broker keeps the messages, and the source holds no more than one
// that did not fit.
TEST_P(MqttBackPressureTest, brokerFeelsItWhenNobodyTakesTheBuffers)
{
    const Broker broker(std::string(Broker::Open) + "max_queued_messages 0\n");
    std::vector<IoBuffer> held;
    std::mutex mutex;
    std::atomic<bool> isOpen = false;
    std::atomic<std::size_t> bytes = 0;
    Runtime runtime(onTestEngine(
        {.reactors = 1, .buffersPerReactor = 4, .threadBuffers = 4, .bufferSizeBytes = 4096}));
    auto source = SourceProvider(runtime).provide(
        7, SourceDescriptor("feed", "mqtt",
                            {{"uri", broker.uri()},
                             {"topics", "t/#"},
                             {"client_id", "feed"},
                             {"execution", executionText(GetParam())}}));
    ASSERT_TRUE(source.start(
        [&](OriginId, SourceEvent event)
        {
            auto& buffer = std::get<SourceData>(event).buffer;
            bytes += buffer.sizeBytes();
            const std::lock_guard lock(mutex);
            if (!isOpen)
            {
                held.push_back(std::move(buffer));
            }
        }));
    broker.awaitLog("feed 1 t/#");
    MqttPeer(broker.port()).publish("t/x", std::vector<std::string>(100, std::string(1000, 'x')));
    while (source.statistics().bufferWaits == 0)
    {
        std::this_thread::yield();
    }
    EXPECT_LE(bytes, 4U * 4096);
    EXPECT_LE(broker.countInLog("Sending PUBLISH to feed"), 60U);
    {
        const std::lock_guard lock(mutex);
        isOpen = true;
        held.clear();
    }
    while (bytes < 100'000)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(bytes, 100'000U);
}
