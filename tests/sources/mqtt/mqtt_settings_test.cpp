#include <weft/sources/mqtt/mqtt_settings.hpp>
#include <weft/sources/mqtt/mqtt_source.hpp>

#include <gtest/gtest.h>

#include <string>

using namespace std::chrono_literals;
using namespace weft;

namespace
{

MqttSettings settingsFrom(ParameterTexts texts)
{
    texts.try_emplace("uri", "mqtt://broker");
    texts.try_emplace("topics", "t");
    return MqttSettings::from(SourceDescriptor("feed", "mqtt", texts));
}

std::string refusal(ParameterTexts texts)
{
    try
    {
        settingsFrom(std::move(texts));
    }
    catch (const InvalidParameter& error)
    {
        return error.what();
    }
    return "taken";
}

} // namespace

TEST(MqttSettingsTest, uri)
{
    const auto expect = [](const char* uri, const char* host, int port, bool isSecure)
    {
        const auto settings = settingsFrom({{"uri", uri}});
        EXPECT_EQ(settings.host, host) << uri;
        EXPECT_EQ(settings.port, port) << uri;
        EXPECT_EQ(settings.tls.wanted, isSecure) << uri;
    };
    expect("mqtt://broker", "broker", 1883, false);
    expect("tcp://broker:99/", "broker", 99, false);
    expect("mqtts://10.0.0.1", "10.0.0.1", 8883, true);
    expect("ssl://broker:1", "broker", 1, true);
    expect("mqtt://[::1]", "::1", 1883, false);
    expect("mqtts://[fe80::1]:65535", "fe80::1", 65535, true);
    for (const auto* const bad : {"broker", "http://broker", "mqtt://", "mqtt://:1883", "mqtt://b:",
                                  "mqtt://b:0", "mqtt://b:65536", "mqtt://b:1:2", "mqtt://[::1",
                                  "mqtt://[::1]1", "mqtt://u:p@b", "mqtt://b/t", "mqtt://b c"})
    {
        EXPECT_TRUE(refusal({{"uri", bad}})
                        .starts_with(std::string("parameter 'uri' is '") + bad +
                                     "'; allowed: mqtt://HOST or mqtt://HOST:PORT, with TLS "
                                     "mqtts://..."))
            << refusal({{"uri", bad}});
    }
}

TEST(MqttSettingsTest, topics)
{
    EXPECT_EQ(settingsFrom({{"topics", " a/+ ,#,\tc d/e"}}).topics,
              (std::vector<std::string>{"a/+", "#", "c d/e"}));
    EXPECT_EQ(refusal({{"topics", "a,b#"}}),
              "parameter 'topics' is 'a,b#', in which 'b#' is no topic filter; allowed: filters "
              "separated by commas, + for one level, # alone at the end");
    EXPECT_EQ(settingsFrom({{"topics", "$share/g/#,$shared"}}).topics,
              (std::vector<std::string>{"$share/g/#", "$shared"}));
    EXPECT_EQ(refusal({{"topics", "a,$share/g"}}),
              "parameter 'topics' is 'a,$share/g', in which '$share/g' lacks a group or a filter; "
              "allowed: $share/GROUP/FILTER");
    for (const auto* const bad :
         {"a,,b", ",", "#/a", "a+", "a,", "$share", "$share/", "$share//a", "$share/g/"})
    {
        EXPECT_NE(refusal({{"topics", bad}}), "taken") << bad;
    }
}

TEST(MqttSettingsTest, sessionThatLastsHasTheNameOfTheSourceUnlessItIsGivenOne)
{
    EXPECT_EQ(settingsFrom({}).clientId, "");
    EXPECT_EQ(settingsFrom({{"clean_session", "false"}}).clientId, "feed");
    EXPECT_EQ(settingsFrom({{"clean_session", "false"}, {"client_id", "mine"}}).clientId, "mine");
}

TEST(MqttSettingsTest, keepAliveIsCountedInSeconds)
{
    EXPECT_EQ(settingsFrom({{"keep_alive", "5500ms"}}).keepAlive, 6s);
    EXPECT_EQ(settingsFrom({{"keep_alive", "0"}}).keepAlive, 0s);
    EXPECT_EQ(refusal({{"keep_alive", "4s"}}),
              "parameter 'keep_alive' is '4s'; allowed: 0, or 5s to 65535s");
    EXPECT_NE(refusal({{"keep_alive", "1d"}}), "taken");
}

TEST(MqttSettingsTest, parametersThatNeedOthers)
{
    EXPECT_EQ(refusal({{"password", "secret"}}),
              "parameter 'password' is given, but MQTT has none without a user; give user too");
    EXPECT_EQ(
        refusal({{"tls_ca", "ca.pem"}}),
        "parameter 'tls_ca' is 'ca.pem', but the connection has no TLS; give uri: mqtts://... "
        "too");
    EXPECT_EQ(refusal({{"uri", "mqtts://b"}, {"tls_key", "key.pem"}}),
              "parameter 'tls_key' is given, but there is no certificate that it is the key of; "
              "give tls_certificate too");
    EXPECT_EQ(refusal({{"will_payload", "gone"}}),
              "parameter 'will_payload' is given, but there is no last will; give will_topic too");
    EXPECT_EQ(refusal({{"will_qos", "2"}}),
              "parameter 'will_qos' is '2', but there is no last will; give will_topic too");
    EXPECT_EQ(refusal({{"will_retain", "true"}}),
              "parameter 'will_retain' is 'true', but there is no last will; give will_topic too");
    EXPECT_EQ(refusal({{"will_topic", "a/#"}}),
              "parameter 'will_topic' is 'a/#'; allowed: a topic without + and #");
}

TEST(MqttSettingsTest, choicesAndBounds)
{
    EXPECT_EQ(refusal({{"qos", "3"}}), "parameter 'qos' is '3'; allowed: 0 to 2");
    EXPECT_EQ(refusal({{"framing", "comma"}}),
              "parameter 'framing' is 'comma'; allowed: one of none, newline, length");
    EXPECT_EQ(refusal({{"unacknowledged_max", "0"}}),
              "parameter 'unacknowledged_max' is '0'; allowed: 1 to 65535");
    EXPECT_EQ(settingsFrom({{"uri", "mqtts://b"}, {"tls_certificate", "c.pem"}}).tls.key, "c.pem");
}
