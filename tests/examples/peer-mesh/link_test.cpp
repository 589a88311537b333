#include "mesh.hpp"
#include "scripted_peer.hpp"

#include <gtest/gtest.h>

/// What a node makes of what a peer sends. The node is the second of two, and sends nothing itself
/// but its pings.

namespace weft::test
{

namespace
{

constexpr mesh::PeerId Us = 0;
constexpr mesh::Hello OurHello{.clusterSize = 2, .id = Us, .incarnation = 1};

class MeshLinkTest : public testing::Test
{
protected:
    MeshLinkTest()
    {
        mesh.start(1);
    }

    ScriptedPeer link(std::uint64_t incarnation = OurHello.incarnation) const
    {
        ScriptedPeer peer(mesh.address(1));
        auto hello = OurHello;
        hello.incarnation = incarnation;
        peer.shakeHands(hello);
        return peer;
    }

    Report awaitReceived(int messages)
    {
        return mesh.node(1).awaitPeer(Us,
                                      [&](const Report& peer)
                                      {
                                          return peer["received"] >= messages;
                                      });
    }

    void expectEnd(int exitCode)
    {
        EXPECT_EQ(mesh.node(1).interrupt().program.exitCode, exitCode);
    }

    Mesh mesh{2, {"--silence", "1h", "--rate", "0"}};
};

} // namespace

TEST_F(MeshLinkTest, aGapIsCounted)
{
    const auto peer = link();
    for (const std::uint64_t number : {5, 6, 10})
    {
        peer.sayMessage(Us, number);
    }
    const auto report = awaitReceived(3);
    EXPECT_EQ(report["missed"], 3);
    EXPECT_EQ(report["repeated"], 0);
    expectEnd(0);
}

TEST_F(MeshLinkTest, aMessageThatComesTwiceIsAFault)
{
    const auto peer = link();
    for (const std::uint64_t number : {5, 6, 6})
    {
        peer.sayMessage(Us, number);
    }
    EXPECT_EQ(awaitReceived(3)["repeated"], 1);
    expectEnd(1);
}

/// The content is that of another sender.
TEST_F(MeshLinkTest, aChangedMessageIsAFaultAndEndsTheLink)
{
    const auto peer = link();
    peer.sayMessage(Us + 1, 5);
    peer.awaitEnd();
    const auto report = mesh.node(1).awaitPeer(Us,
                                               [](const Report& each)
                                               {
                                                   return each["corrupted"] == 1 && !each["up"];
                                               });
    EXPECT_TRUE(says(report["last_end"], "message 5 has not the content")) << report.dump();
    EXPECT_EQ(report["received"], 0);
    expectEnd(1);
}

TEST_F(MeshLinkTest, whatIsNoFrameEndsTheLink)
{
    const auto peer = link();
    peer.say(bytesOf("what is this?"));
    peer.awaitEnd();
    mesh.node(1).awaitPeer(Us,
                           [](const Report& each)
                           {
                               return says(each["last_end"], "there is no frame of kind 119");
                           });
    expectEnd(0);
}

/// What was lost with the first connection is a gap across both.
TEST_F(MeshLinkTest, numbersGoOnAcrossConnections)
{
    {
        const auto peer = link();
        peer.sayMessage(Us, 5);
        awaitReceived(1);
    }
    const auto peer = link();
    peer.sayMessage(Us, 8);
    const auto report = awaitReceived(2);
    EXPECT_EQ(report["links"], 2);
    EXPECT_EQ(report["missed"], 2);
    expectEnd(0);
}

TEST_F(MeshLinkTest, aPeerThatHasStartedAgainCountsAnew)
{
    {
        const auto peer = link();
        peer.sayMessage(Us, 5);
        awaitReceived(1);
    }
    const auto peer = link(OurHello.incarnation + 1);
    peer.sayMessage(Us, 0);
    EXPECT_EQ(awaitReceived(2)["repeated"], 0);
    expectEnd(0);
}

TEST_F(MeshLinkTest, aNewConnectionTakesThePlaceOfTheOldOne)
{
    const auto old = link();
    const auto peer = link();
    old.awaitEnd();
    peer.sayMessage(Us, 0);
    EXPECT_EQ(awaitReceived(1)["links"], 2);
    expectEnd(0);
}

} // namespace weft::test
