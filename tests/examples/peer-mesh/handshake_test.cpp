#include "handshake.hpp"
#include "mesh.hpp"
#include "scripted_peer.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

/// Who is let into the mesh, and that those who are not cost it nothing. The node under test is the
/// second of two, so whoever connects should be the first.

namespace weft::test
{

namespace
{

constexpr mesh::Hello GoodHello{.clusterSize = 2, .id = 0, .incarnation = 1};

/// Node 1 of two.
class SecondNode
{
public:
    explicit SecondNode(std::vector<std::string> options) : mesh(2, std::move(options))
    {
        mesh.start(1);
    }

    ScriptedPeer connect() const
    {
        return ScriptedPeer(mesh.address(1));
    }

    /// Waits until a stranger has been refused for this.
    void expectRefused(std::string_view why)
    {
        const auto report = mesh.node(1).awaitReport(
            [](const Report& each)
            {
                return each["refused"] == 1;
            });
        EXPECT_TRUE(says(report["last_refused"], why)) << report.dump();
        EXPECT_EQ(peerIn(report, 0)["links"], 0) << report.dump();
        EXPECT_EQ(mesh.node(1).interrupt().program.exitCode, 0);
    }

    Mesh mesh;
};

const std::vector<std::string> Patient{"--handshake", "1h"};

void expectRefused(const mesh::Hello& hello, std::string_view why)
{
    SecondNode node(Patient);
    const auto stranger = node.connect();
    stranger.say(hello);
    stranger.awaitEnd();
    node.expectRefused(why);
}

} // namespace

TEST(MeshHandshakeTest, whoIsSilentIsSentAway)
{
    SecondNode node({"--handshake", "100ms"});
    const auto stranger = node.connect();
    stranger.awaitEnd();
    node.expectRefused("handshake: not done within 100ms");
}

TEST(MeshHandshakeTest, whoSaysHelloAndIsNeverReadyIsSentAway)
{
    SecondNode node({"--handshake", "100ms"});
    const auto stranger = node.connect();
    stranger.say(GoodHello);
    stranger.awaitEnd();
    node.expectRefused("handshake: not done within 100ms");
}

TEST(MeshHandshakeTest, whoSaysHelloAndGoesIsNoPeer)
{
    SecondNode node(Patient);
    {
        const auto stranger = node.connect();
        stranger.say(GoodHello);
    }
    node.expectRefused("handshake: ");
}

TEST(MeshHandshakeTest, anotherProtocolIsRefused)
{
    SecondNode node(Patient);
    const auto stranger = node.connect();
    stranger.say(bytesOf("GET / HTTP/1.1\r\nHost: mesh\r\n\r\n"));
    stranger.awaitEnd();
    node.expectRefused("handshake: what it says is not of this protocol");
}

TEST(MeshHandshakeTest, anotherVersionIsRefused)
{
    auto hello = GoodHello;
    hello.version = 2;
    expectRefused(hello, "it speaks version 2 of the protocol, we version 1");
}

TEST(MeshHandshakeTest, anotherMeshIsRefused)
{
    auto hello = GoodHello;
    hello.clusterSize = 3;
    expectRefused(hello, "it is of a mesh of 3 nodes, we of one of 2");
}

/// Our own id, and one beyond the last.
TEST(MeshHandshakeTest, whoShouldNotDialUsIsRefused)
{
    for (const mesh::PeerId id : {1, 2})
    {
        auto hello = GoodHello;
        hello.id = id;
        expectRefused(hello, fmt::format("it is node {}, which does not belong there", id));
    }
}

TEST(MeshHandshakeTest, whoIsNotReadyButSaysOtherThingsIsRefused)
{
    SecondNode node(Patient);
    const auto stranger = node.connect();
    stranger.say(GoodHello);
    stranger.say(bytesOf("x"));
    stranger.awaitEnd();
    node.expectRefused("handshake: it did not say that it is ready");
}

/// The first node dials, and somebody else answers.
TEST(MeshHandshakeTest, whoAnswersForAnotherIsRefused)
{
    const LoopbackListener listener;
    const ReservedPort own;
    NodeProcess node(0, own.address().toString() + "," + listener.address.toString(), Patient);
    const ScriptedPeer impostor(listener.acceptClient());
    impostor.say(GoodHello); // says that it is node 0, as the one that dials
    impostor.awaitEnd();
    node.awaitPeer(1,
                   [](const Report& peer)
                   {
                       return says(peer["last_end"], "it is node 0, which does not belong there");
                   });
    EXPECT_EQ(node.interrupt().program.exitCode, 0);
}

TEST(MeshHandshakeTest, whoNeverAnswersIsGivenUpAndDialledAgain)
{
    const LoopbackListener listener;
    const ReservedPort own;
    NodeProcess node(0, own.address().toString() + "," + listener.address.toString(),
                     {"--handshake", "100ms"});
    const ScriptedPeer silent(listener.acceptClient());
    silent.awaitEnd();
    node.awaitPeer(1,
                   [](const Report& peer)
                   {
                       return says(peer["last_end"], "handshake: not done within 100ms");
                   });
    const ScriptedPeer silentAgain(listener.acceptClient());
    EXPECT_EQ(node.interrupt().program.exitCode, 0);
}

TEST(MeshHandshakeTest, strangersWhoAreWaitedForDelayNobody)
{
    Mesh mesh(2, Patient);
    mesh.start(1);
    const ScriptedPeer silent(mesh.address(1));
    const ScriptedPeer halfway(mesh.address(1));
    halfway.say(GoodHello);
    mesh.start(0);
    mesh.awaitExchange();
    mesh.interruptAll();
}

/// More than a node greets at once: the next are sent away, and places come free again.
TEST(MeshHandshakeTest, manyStrangersCannotTakeAllThereIs)
{
    SecondNode node(Patient);
    std::vector<ScriptedPeer> strangers;
    for (int count = 0; count < 64; ++count)
    {
        strangers.push_back(node.connect());
    }
    node.connect().awaitEnd();
    node.mesh.node(1).awaitReport(
        [](const Report& report)
        {
            return says(report["last_refused"], "too many are in their handshake");
        });
    strangers.clear();
    node.mesh.node(1).awaitReport(
        [](const Report& report)
        {
            return report["refused"] >= 65;
        });
    node.mesh.start(0);
    node.mesh.awaitExchange();
    node.mesh.interruptAll();
}

} // namespace weft::test
