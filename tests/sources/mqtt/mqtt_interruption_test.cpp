#include "mqtt_certificates.hpp"
#include "mqtt_feed.hpp"
#include "tests/sources/holding_consumer.hpp"

#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

/// More than the sockets of both sides hold.
constexpr std::size_t LargeBytes = 20'000'000;
/// More than the buffers hold.
constexpr std::size_t FillerBytes = 100'000;

/// A piece of what a HoldingConsumer expects.
std::string patternFrom(std::size_t position, std::size_t sizeBytes)
{
    std::string text(sizeBytes, '\0');
    for (auto& character : text)
    {
        character = static_cast<char>(patternAt(position++));
    }
    return text;
}

/// A source that must wait for buffers while a large message is on its way to it.
class MqttInterruptionTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle start(const Broker& broker, ParameterTexts texts)
    {
        texts.insert({{"topics", "t/#"},
                      {"client_id", "feed"},
                      {"clean_session", "false"},
                      {"execution", executionText(GetParam())}});
        auto source =
            SourceProvider(runtime).provide(7, SourceDescriptor("feed", "mqtt", std::move(texts)));
        EXPECT_TRUE(source.start(consumer.emit()));
        broker.awaitLog(": feed 1 t/#\n");
        return source;
    }

    /// When it returns, the broker has sent of the large message what the sockets hold, and died.
    /// There is nothing to acknowledge: what the source sent then would have its socket reset, and
    /// what the broker had sent before would be lost with it.
    static void sendPartAndDie(Broker& broker, const SourceHandle& source)
    {
        {
            MqttPeer peer(broker.plainPort());
            peer.publish("t/x", {patternFrom(0, FillerBytes)}, {.qos = 0});
            while (source.statistics().bufferWaits == 0)
            {
                std::this_thread::yield();
            }
            peer.publish("t/x", {patternFrom(FillerBytes, LargeBytes)});
            broker.awaitLog("Sending PUBLISH to feed", 2);
            // The broker does one thing after the other, and saves them together.
            peer.publish("elsewhere", {"saved"}, {.retain = true});
        }
        broker.awaitSaved("elsewhere");
        broker.kill();
    }

    /// The message comes whole when the broker is back.
    void expectToGoOn(Broker& broker, ParameterTexts texts)
    {
        texts.insert({{"reconnect_attempts", "100000"},
                      {"reconnect_pause_min", "1ms"},
                      {"reconnect_pause_max", "20ms"}});
        auto source = start(broker, std::move(texts));
        sendPartAndDie(broker, source);
        consumer.holdAtMost(0);
        while (source.statistics().retries == 0)
        {
            ASSERT_NE(source.statistics().state, SourceState::Failed);
            std::this_thread::yield();
        }
        EXPECT_EQ(consumer.receivedBytes(), FillerBytes);
        broker.restart();
        consumer.waitForBytes(FillerBytes + LargeBytes);
        EXPECT_TRUE(consumer.isIntact());
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }

    HoldingConsumer consumer;
    Runtime runtime{onTestEngine(
        {.reactors = 1, .buffersPerReactor = 4, .threadBuffers = 4, .bufferSizeBytes = 4096})};
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(MqttInterruptionTest);

TEST_P(MqttInterruptionTest, brokerThatIsKilledInTheMiddleOfAMessageIsConnectedToAgain)
{
    Broker broker(Broker::Persistent);
    expectToGoOn(broker, {{"uri", broker.uri()}});
}

TEST_P(MqttInterruptionTest, brokerThatIsKilledInTheMiddleOfAMessageOverTlsIsConnectedToAgain)
{
    Broker broker(certificates().files,
                  std::string(SecuredBroker) + std::string(Broker::Persistent));
    expectToGoOn(broker, {{"uri", broker.uri("mqtts")}, {"tls_ca", certificates().file("ca.pem")}});
}
