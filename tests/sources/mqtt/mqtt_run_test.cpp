#include "broker.hpp"
#include "mqtt_peer.hpp"
#include "tests/tools/session_files.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>

/// The program with a configuration of its users.

namespace weft::test
{

namespace
{

std::string configFor(const Broker& broker)
{
    return fmt::format("sink: {{type: files, directory: out}}\n"
                       "sources:\n"
                       "- name: feed\n"
                       "  type: mqtt\n"
                       "  uri: {}\n"
                       "  topics: room/+/temperature, alarm/#\n"
                       "  framing: newline\n"
                       "  client_id: feed\n"
                       "  will_topic: gone\n"
                       "  will_payload: feed has died\n",
                       broker.uri());
}

} // namespace

TEST(MqttRunTest, messagesGoToTheSinkAndACleanEndLeavesNoLastWill)
{
    const Broker broker;
    MqttPeer peer(broker.port());
    peer.subscribe("gone");
    const RunDirectory directory(configFor(broker));
    ChildProgram program(directory.arguments(), directory.options());
    broker.awaitLog("feed 1 alarm/#");
    peer.publish("room/1/temperature", {"20.5"});
    peer.publish("alarm", {"fire"});
    broker.awaitLog("Received PUBACK from feed", 2);
    program.signal(SIGINT);
    const auto account = directory.account(program.wait());
    EXPECT_EQ(account.source("feed")["state"], "stopped");
    EXPECT_EQ(account.source("feed")["bytes"], 10);
    EXPECT_EQ(readText(directory.path() / "out" / "feed"), "20.5\nfire\n");
    broker.awaitLog("Client feed disconnected.");
    // What comes last would come after a will.
    peer.publish("gone", {"end"});
    peer.awaitMessage("end");
    EXPECT_FALSE(peer.hasMessage("feed has died"));
}

TEST(MqttRunTest, brokerPublishesTheLastWillOfAProgramThatIsKilled)
{
    const Broker broker;
    MqttPeer peer(broker.port());
    peer.subscribe("gone");
    const RunDirectory directory(configFor(broker));
    ChildProgram program(directory.arguments(), directory.options());
    broker.awaitLog("feed 1 alarm/#");
    program.signal(SIGKILL);
    peer.awaitMessage("feed has died");
}

} // namespace weft::test
