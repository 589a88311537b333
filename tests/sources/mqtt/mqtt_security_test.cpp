#include <weft/sources/source_error.hpp>

#include "mqtt_certificates.hpp"
#include "mqtt_feed.hpp"

#include <stdexcept>
#include <variant>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class MqttSecurityTest : public MqttFeedTest
{
protected:
    SourceFailure failureOf(const std::string& uri, ParameterTexts texts)
    {
        texts["reconnect_attempts"] = "1000"; // what cannot be helped is not tried again
        auto source = provide(uri, std::move(texts));
        EXPECT_TRUE(source.start(log.emit()));
        log.waitForLast();
        EXPECT_EQ(source.statistics().retries, 0U);
        EXPECT_EQ(source.statistics().opens, 0U);
        return log.failure().value_or(SourceFailure());
    }
};

constexpr std::string_view SecuredBothWays = "allow_anonymous true\n"
                                             "cafile @/ca.pem\n"
                                             "certfile @/broker.pem\n"
                                             "keyfile @/broker.key\n"
                                             "require_certificate true\n"
                                             "tls_version tlsv1.2\n";

std::string passwordBroker(const TemporaryDirectory& files)
{
    const auto path = files.path().string();
    shell(fmt::format("touch {0}/users && mosquitto_passwd -b {0}/users ann secret", path));
    return "allow_anonymous false\npassword_file @/users\n";
}

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(MqttSecurityTest);

TEST_P(MqttSecurityTest, userAndPassword)
{
    const TemporaryDirectory files;
    const Broker broker(files, passwordBroker(files));
    auto source = subscribe(broker, {{"user", "ann"}, {"password", "secret"}});
    MqttPeer(broker.port(), "ann", "secret").publish("t/x", {"for ann"});
    log.waitForBytes(8);
    EXPECT_EQ(log.received(), "for ann\n");
}

TEST_P(MqttSecurityTest, wrongPasswordIsAPermanentErrorWithItsCause)
{
    const TemporaryDirectory files;
    const Broker broker(files, passwordBroker(files));
    const auto failure = failureOf(broker.uri(), {{"user", "ann"}, {"password", "guess"}});
    EXPECT_EQ(failure.code, std::errc::permission_denied);
    EXPECT_EQ(failure.message,
              fmt::format("connect to {} (the broker refuses user, password or what they are for): "
                          "Permission denied",
                          broker.uri()));
}

TEST_P(MqttSecurityTest, refusedTopicIsAPermanentErrorThatNamesIt)
{
    const TemporaryDirectory files;
    files.write("rights.json", R"({"defaultACLAccess": {"subscribe": false}})");
    const Broker broker(files, "allow_anonymous true\n"
                               "plugin mosquitto_dynamic_security.so\n"
                               "plugin_opt_config_file @/rights.json\n");
    auto source = provide(broker.uri(), {{"topics", "secrets/#"}, {"reconnect_attempts", "1000"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->message,
              fmt::format("subscribe at {} 'secrets/#' (the broker refuses): Permission denied",
                          broker.uri()));
    EXPECT_EQ(source.statistics().retries, 0U);
}

TEST_P(MqttSecurityTest, brokerWithACertificateOfTheCa)
{
    const Broker broker(certificates().files, SecuredBroker);
    MqttPeer peer(broker.plainPort());
    const auto payloads = payloadsOfManySizes();
    std::string expected;
    for (const int qos : {0, 1, 2})
    {
        auto source = provide(broker.uri("mqtts"), {{"tls_ca", certificates().file("ca.pem")},
                                                    {"qos", std::to_string(qos)}});
        ASSERT_TRUE(source.start(log.emit()));
        broker.awaitLog(fmt::format(": feed {} t/#\n", qos));
        peer.publish("t/x", payloads, {.qos = qos});
        expected += asLines(payloads);
        log.waitForBytes(expected.size());
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        broker.awaitLog("Client feed disconnected.", static_cast<std::size_t>(qos) + 1);
    }
    EXPECT_EQ(log.received(), expected);
}

TEST_P(MqttSecurityTest, messageThatWasNotEmittedOverTlsIsNotAcknowledged)
{
    const Broker broker(certificates().files, SecuredBroker);
    auto source = provide(broker.uri("mqtts"), {{"tls_ca", certificates().file("ca.pem")}});
    ASSERT_TRUE(source.start(
        [take = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            if (std::holds_alternative<SourceData>(event))
            {
                throw std::runtime_error("no room");
            }
            take(origin, std::move(event));
        }));
    broker.awaitLog(": feed 1 t/#\n");
    MqttPeer(broker.plainPort()).publish("t/x", {"refused"});
    log.waitForLast();
    broker.awaitLog("Client feed disconnected.");
    EXPECT_EQ(broker.countInLog("Received PUBACK from feed"), 0U);
}

TEST_P(MqttSecurityTest, certificateOfAnotherCaIsRefused)
{
    const Broker broker(certificates().files, SecuredBroker);
    const auto failure =
        failureOf(broker.uri("mqtts"), {{"tls_ca", certificates().file("other.pem")}});
    EXPECT_EQ(failure.code, std::errc::protocol_error);
    EXPECT_NE(failure.message.find("certificate verify failed"), std::string::npos)
        << failure.message;
}

TEST_P(MqttSecurityTest, systemsAuthoritiesDoNotVouchForOurs)
{
    const Broker broker(certificates().files, SecuredBroker);
    const auto failure = failureOf(broker.uri("mqtts"), {});
    EXPECT_NE(failure.message.find("certificate verify failed"), std::string::npos)
        << failure.message;
}

TEST_P(MqttSecurityTest, certificateForAnotherNameIsRefused)
{
    const Broker broker(certificates().files, "allow_anonymous true\n"
                                              "cafile @/ca.pem\n"
                                              "certfile @/elsewhere.pem\n"
                                              "keyfile @/elsewhere.key\n");
    const auto failure =
        failureOf(broker.uri("mqtts"), {{"tls_ca", certificates().file("ca.pem")}});
    EXPECT_NE(failure.message.find("host name verification failed"), std::string::npos)
        << failure.message;
}

TEST_P(MqttSecurityTest, nobodyIsVerifiedWhenThatIsAskedFor)
{
    const Broker broker(certificates().files, SecuredBroker);
    auto source = provide(broker.uri("mqtts"), {{"tls_verify", "false"}});
    ASSERT_TRUE(source.start(log.emit()));
    broker.awaitLog(": feed 1 t/#\n");
}

TEST_P(MqttSecurityTest, clientCertificate)
{
    const Broker broker(certificates().files, SecuredBothWays);
    auto source =
        provide(broker.uri("mqtts"), {{"tls_ca", certificates().file("ca.pem")},
                                      {"tls_certificate", certificates().file("client.pem")},
                                      {"tls_key", certificates().file("client.key")}});
    ASSERT_TRUE(source.start(log.emit()));
    broker.awaitLog(": feed 1 t/#\n");
}

TEST_P(MqttSecurityTest, missingOrForeignClientCertificateIsAPermanentError)
{
    const Broker broker(certificates().files, SecuredBothWays);
    const auto missing =
        failureOf(broker.uri("mqtts"), {{"tls_ca", certificates().file("ca.pem")}});
    EXPECT_EQ(missing.code, std::errc::protocol_error) << missing.message;
    const auto foreign =
        failureOf(broker.uri("mqtts"), {{"tls_ca", certificates().file("ca.pem")},
                                        {"tls_certificate", certificates().file("stranger.pem")},
                                        {"tls_key", certificates().file("stranger.key")}});
    EXPECT_EQ(foreign.code, std::errc::protocol_error) << foreign.message;
}

TEST_P(MqttSecurityTest, keyWithAPassphraseIsRefusedAndNobodyAsked)
{
    const Broker broker(certificates().files, SecuredBothWays);
    const auto failure =
        failureOf(broker.uri("mqtts"), {{"tls_ca", certificates().file("ca.pem")},
                                        {"tls_certificate", certificates().file("client.pem")},
                                        {"tls_key", certificates().file("locked.key")}});
    EXPECT_NE(failure.message.find("key"), std::string::npos) << failure.message;
}

TEST_P(MqttSecurityTest, missingFileIsAPermanentErrorThatNamesIt)
{
    const Broker broker(certificates().files, SecuredBroker);
    const auto failure = failureOf(broker.uri("mqtts"), {{"tls_ca", "/no/such.pem"}});
    EXPECT_EQ(failure.code, std::errc::no_such_file_or_directory) << failure.message;
    EXPECT_NE(failure.message.find("/no/such.pem"), std::string::npos) << failure.message;
}

TEST_P(MqttSecurityTest, brokerWithoutTlsIsAnErrorAndNotWaitedFor)
{
    const Broker broker;
    auto source = provide(broker.uri("mqtts"), {{"tls_ca", certificates().file("ca.pem")}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.failure());
}
