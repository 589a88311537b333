#include "mesh.hpp"

#include <gtest/gtest.h>

#include <csignal>

/// A peer that is killed: the others notice, go on among themselves, and take it back.

namespace weft::test
{

namespace
{

constexpr std::size_t Victim = 3;

/// So long that nobody is taken for dead because the machine is slow.
const std::vector<std::string> LongSilence{"--silence", "1h"};

bool isDown(const Report& peer)
{
    return !peer["up"];
}

} // namespace

TEST(KilledPeerTest, theOthersGoOnWithoutIt)
{
    Mesh mesh(4, LongSilence);
    mesh.start();
    mesh.awaitExchange();
    mesh.node(Victim).signal(SIGKILL);
    mesh.awaitExchangeWithout(Victim, 1000, isDown);
    for (std::size_t id = 0; id < Victim; ++id)
    {
        const auto end = mesh.node(id).interrupt();
        EXPECT_EQ(end.program.exitCode, 0);
        for (std::size_t other = id + 1; other < Victim; ++other)
        {
            EXPECT_EQ(peerIn(end.last, other)["links"], 1) << end.last.dump();
        }
    }
}

TEST(KilledPeerTest, oneThatIsStartedAgainIsTakenBack)
{
    Mesh mesh(4, LongSilence);
    mesh.start();
    mesh.awaitExchange();
    mesh.node(Victim).signal(SIGKILL);
    for (std::size_t id = 0; id < Victim; ++id)
    {
        mesh.node(id).awaitPeer(Victim, isDown);
    }
    mesh.start(Victim);
    for (std::size_t id = 0; id < Victim; ++id)
    {
        const auto back = mesh.node(id).awaitPeer(Victim,
                                                  [](const Report& peer)
                                                  {
                                                      return bool(peer["up"]);
                                                  });
        EXPECT_EQ(back["links"], 2);
        mesh.node(id).awaitPeer(Victim,
                                [&](const Report& peer)
                                {
                                    return peer["received"] >= back["received"].get<int>() + 100;
                                });
    }
    mesh.awaitExchange();
    mesh.interruptAll();
}

} // namespace weft::test
