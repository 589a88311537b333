#include <weft/sources/source_error.hpp>

#include "mqtt_feed.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/ranges.h>

#include <array>
#include <semaphore>
#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class MqttSourceTest : public MqttFeedTest
{
};

/// Accepts one connection and does nothing.
class SilentPeer
{
public:
    std::string uri() const
    {
        return fmt::format("mqtt://127.0.0.1:{}", listener.address.port());
    }

    OwnedDescriptor accept() const
    {
        return listener.acceptClient();
    }

private:
    LoopbackListener listener;
};

void resetConnection(OwnedDescriptor connection)
{
    const linger atOnce{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce));
}

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(MqttSourceTest);

TEST_P(MqttSourceTest, messagesOfEachQualityOfServiceArriveInOrder)
{
    const Broker broker;
    MqttPeer peer(broker.port());
    std::string expected;
    for (const int qos : {0, 1, 2})
    {
        auto source = subscribe(broker, {{"qos", std::to_string(qos)}});
        const auto payloads = numbered(200);
        peer.publish("t/x", payloads, {.qos = qos});
        expected += asLines(payloads);
        log.waitForBytes(expected.size());
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
    EXPECT_EQ(log.received(), expected);
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(MqttSourceTest, severalTopicsWithWildcards)
{
    const Broker broker;
    auto source = provide(broker.uri(), {{"topics", "room/+/temperature, alarm/#,t/#"}});
    ASSERT_TRUE(source.start(log.emit()));
    broker.awaitLog("feed 1 t/#");
    MqttPeer peer(broker.port());
    peer.publish("room/1/temperature", {"one"});
    peer.publish("room/1/humidity", {"no"});
    peer.publish("room/2/temperature", {"two"});
    peer.publish("alarm", {"three"});
    peer.publish("alarm/a/b/c", {"four"});
    peer.publish("alarms", {"no"});
    peer.publish("t/end", {"end"});
    log.waitForBytes(23);
    EXPECT_EQ(log.received(), "one\ntwo\nthree\nfour\nend\n");
}

TEST_P(MqttSourceTest, retainedMessageComesFirst)
{
    const Broker broker;
    MqttPeer peer(broker.port());
    peer.publish("t/state", {"retained"}, {.retain = true});
    auto source = subscribe(broker);
    peer.publish("t/state", {"new"});
    log.waitForBytes(13);
    EXPECT_EQ(log.received(), "retained\nnew\n");
}

TEST_P(MqttSourceTest, framings)
{
    const Broker broker;
    MqttPeer peer(broker.port());
    std::string expected;
    const std::string three("a\nb", 3);
    for (const auto& [framing, text] : std::vector<std::pair<std::string, std::string>>{
             {"none", "a\nbcd"},
             {"newline", "a\nb\ncd\n\n"},
             {"length", std::string("\0\0\0\3a\nb\0\0\0\2cd\0\0\0\0", 17)}})
    {
        auto source = subscribe(broker, {{"framing", framing}});
        peer.publish("t/x", {three, "cd", ""});
        expected += text;
        log.waitForBytes(expected.size());
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
    EXPECT_EQ(log.received(), expected);
}

TEST_P(MqttSourceTest, payloadLargerThanABufferArrivesWhole)
{
    const Broker broker;
    MqttPeer peer(broker.port());
    const auto payloads = payloadsOfManySizes();
    std::string expected;
    for (const int qos : {0, 1, 2})
    {
        auto source = subscribe(broker, {{"qos", std::to_string(qos)}});
        peer.publish("t/x", payloads, {.qos = qos});
        expected += asLines(payloads);
        log.waitForBytes(expected.size());
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
    EXPECT_EQ(log.received(), expected);
}

TEST_P(MqttSourceTest, messagesWithoutBytesAreAcknowledgedToo)
{
    const Broker broker;
    MqttPeer peer(broker.port());
    auto source = subscribe(broker, {{"framing", "none"}, {"flush_interval", "1h"}});
    // More than the broker sends ahead.
    peer.publish("t/x", std::vector<std::string>(50));
    broker.awaitLog("Received PUBACK from feed", 50);
    EXPECT_EQ(log.received(), "");
}

TEST_P(MqttSourceTest, partlyFilledBufferIsDeliveredOnDemand)
{
    const Broker broker;
    MqttPeer peer(broker.port());
    // The keep-alive comes before the flush, and must not hide the demand.
    auto source = subscribe(broker, {{"flush_interval", "1h"}, {"keep_alive", "30m"}});
    peer.publish("t/x", {"demanded"});
    source.requestFlush();
    log.waitForBytes(9);
    EXPECT_EQ(log.received(), "demanded\n");
}

TEST_P(MqttSourceTest, stopOfASilentSourceSaysFarewellAndLeavesNothing)
{
    const Broker broker;
    const auto descriptorsBefore = openDescriptorCount();
    {
        auto source = subscribe(broker);
        EXPECT_EQ(source.statistics().endpoint, broker.uri());
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        EXPECT_EQ(source.statistics().state, SourceState::Stopped);
    }
    broker.awaitLog("Client feed disconnected.");
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(log.emitFunctionCount(), 0);
    EXPECT_LE(openDescriptorCount(), descriptorsBefore + 1); // a thread of the runtime may have one
}

TEST_P(MqttSourceTest, stopDeliversWhatWasReceived)
{
    const Broker broker;
    MqttPeer peer(broker.port());
    auto source = subscribe(broker, {{"flush_interval", "1h"}});
    peer.publish("t/x", {"received"});
    broker.awaitLog("Sending PUBLISH to feed");
    // Nothing tells that the source has it; if it has, nothing is lost.
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_TRUE(log.received().empty() || log.received() == "received\n") << log.received();
    broker.awaitLog("Client feed disconnected.");
    EXPECT_EQ(broker.countInLog("Received PUBACK from feed"), 0U);
}

TEST_P(MqttSourceTest, brokerThatIsKilledIsATransientError)
{
    Broker broker;
    auto source = subscribe(broker);
    broker.kill();
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::connection_reset);
    EXPECT_TRUE(isTransient(log.failure()->code));
    EXPECT_NE(log.failure()->message.find("receive from " + broker.uri()), std::string::npos)
        << log.failure()->message;
    EXPECT_FALSE(log.ended());
}

TEST_P(MqttSourceTest, brokerThatComesBackIsConnectedToAgain)
{
    Broker broker;
    auto source = subscribe(broker, {{"reconnect_attempts", "100000"},
                                     {"reconnect_pause_min", "1ms"},
                                     {"reconnect_pause_max", "20ms"}});
    MqttPeer(broker.port()).publish("t/x", {"before"});
    log.waitForBytes(7);
    broker.kill();
    broker.restart();
    broker.awaitLog("feed 1 t/#", 2);
    MqttPeer(broker.port()).publish("t/x", {"after"});
    log.waitForBytes(13);
    EXPECT_EQ(log.received(), "before\nafter\n");
    EXPECT_GE(source.statistics().retries, 1U);
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(MqttSourceTest, refusedPortIsATransientError)
{
    for (const auto* const scheme : {"mqtt", "mqtts"})
    {
        EventLog ofScheme;
        const auto uri = fmt::format("{}://127.0.0.1:{}", scheme, refusedAddress().port());
        auto source = provide(uri);
        ASSERT_TRUE(source.start(ofScheme.emit()));
        ofScheme.waitForLast();
        ASSERT_TRUE(ofScheme.failure());
        EXPECT_EQ(ofScheme.failure()->code, std::errc::connection_refused);
        EXPECT_EQ(ofScheme.failure()->message, "connect to " + uri + ": Connection refused");
    }
}

TEST_P(MqttSourceTest, unresolvableHostIsAnError)
{
    auto source = provide("mqtt://no-such-host.invalid");
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code.category(), resolverCategory());
    EXPECT_TRUE(log.failure()->message.starts_with("connect to mqtt://no-such-host.invalid: "))
        << log.failure()->message;
}

TEST_P(MqttSourceTest, peerThatDoesNotAnswerIsGivenUpAfterTheConnectTimeout)
{
    const SilentPeer peer;
    auto source = provide(peer.uri(), {{"connect_timeout", "50ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, IoError::DeadlineExpired);
    EXPECT_EQ(log.failure()->message,
              fmt::format("connect to {} (connect_timeout is 50ms): deadline expired", peer.uri()));
}

TEST_P(MqttSourceTest, requestForTopicsThatIsNotAnsweredIsGivenUpAfterTheConnectTimeout)
{
    const SilentPeer peer;
    auto source = provide(peer.uri(), {{"connect_timeout", "500ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    const auto connection = peer.accept();
    // The connection is accepted, and a message of a session comes: "x" of the topic t/x.
    const std::string answers("\x20\x02\x00\x00\x30\x06\x00\x03t/xx", 12);
    ASSERT_GT(::write(connection.get(), answers.data(), answers.size()), 0);
    log.waitForLast();
    EXPECT_EQ(log.received(), "x\n");
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::timed_out);
    EXPECT_TRUE(isTransient(log.failure()->code));
    EXPECT_NE(log.failure()->message.find("subscribe at " + peer.uri() +
                                          " (no answer in connect_timeout, 500ms)"),
              std::string::npos)
        << log.failure()->message;
}

TEST_P(MqttSourceTest, peerThatIsNoBrokerIsAPermanentError)
{
    const SilentPeer peer;
    auto source = provide(peer.uri());
    ASSERT_TRUE(source.start(log.emit()));
    const auto connection = peer.accept();
    const auto answer = "HTTP/1.1 400 Bad Request\r\n\r\n" + std::string(1000, 'x');
    ASSERT_GT(::write(connection.get(), answer.data(), answer.size()), 0);
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::protocol_error);
    EXPECT_EQ(
        log.failure()->message,
        fmt::format("connect to {} (what answers is no MQTT broker): Protocol error", peer.uri()));
}

TEST_P(MqttSourceTest, peerThatIsNoBrokerAndEndsTheConnectionIsAPermanentError)
{
    const SilentPeer peer;
    auto source = provide(peer.uri());
    ASSERT_TRUE(source.start(log.emit()));
    {
        const auto connection = peer.accept();
        // Closed with something unread, the connection would be reset.
        std::array<char, 256> request{};
        ASSERT_GT(::read(connection.get(), request.data(), request.size()), 0);
        const std::string_view greeting = "SSH-2.0-weft\r\n";
        ASSERT_GT(::write(connection.get(), greeting.data(), greeting.size()), 0);
    }
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(
        log.failure()->message,
        fmt::format("connect to {} (what answers is no MQTT broker): Protocol error", peer.uri()));
}

TEST_P(MqttSourceTest, resetWhileConnectingIsATransientError)
{
    const SilentPeer peer;
    auto source = provide(peer.uri());
    ASSERT_TRUE(source.start(log.emit()));
    resetConnection(peer.accept());
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::connection_reset);
}

TEST_P(MqttSourceTest, stopWhileConnectingIsNoFailure)
{
    const SilentPeer peer;
    auto source = provide(peer.uri(), {{"connect_timeout", "1h"}});
    ASSERT_TRUE(source.start(log.emit()));
    const auto connection = peer.accept();
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(MqttSourceTest, stopWhileTheBrokerIsFrozenEndsSoon)
{
    Broker broker;
    auto source = subscribe(broker);
    broker.freeze();
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST(MqttKeepAliveTest, brokerThatNoLongerAnswersIsATransientError)
{
    Broker broker;
    Runtime runtime(onTestEngine({.reactors = 1, .bufferSizeBytes = 4096}));
    std::array<EventLog, 2> logs;
    std::vector<SourceHandle> sources;
    for (const auto kind : {RunnerKind::Fiber, RunnerKind::Thread})
    {
        auto& log = logs.at(sources.size());
        const SourceDescriptor descriptor(executionText(kind), "mqtt",
                                          {{"uri", broker.uri()},
                                           {"topics", "t"},
                                           {"client_id", executionText(kind)},
                                           {"execution", executionText(kind)},
                                           {"keep_alive", "5s"},
                                           {"connect_timeout", "500ms"}});
        sources.push_back(SourceProvider(runtime).provide(sources.size(), descriptor));
        ASSERT_TRUE(sources.back().start(log.emit()));
        broker.awaitLog(fmt::format("Sending SUBACK to {}", executionText(kind)));
    }
    broker.freeze();
    for (auto& log : logs)
    {
        log.waitForLast();
        ASSERT_TRUE(log.failure());
        EXPECT_EQ(log.failure()->code, std::errc::timed_out);
        EXPECT_TRUE(isTransient(log.failure()->code));
        EXPECT_NE(log.failure()->message.find("no answer to a ping"), std::string::npos);
    }
}
