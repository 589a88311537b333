#include "mesh.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <optional>

/// A peer that is stopped with SIGSTOP: its connections stand, its kernel takes bytes as long as it
/// has room, and nothing ever comes of it.

namespace weft::test
{

namespace
{

constexpr std::size_t Frozen = 2;

/// Whether a counter of the peer is the same as in the report before, and the peer still passes for
/// alive.
class StandsStill
{
public:
    explicit StandsStill(const char* counterName) : counter(counterName)
    {
    }

    bool operator()(const Report& peer)
    {
        const std::uint64_t value = peer[counter];
        const bool same = peer["up"] && last == value;
        last = value;
        return same;
    }

private:
    const char* counter;
    std::optional<std::uint64_t> last;
};

} // namespace

/// Before anybody knows that it is frozen.
TEST(FrozenPeerTest, itDelaysNobodyWhileItIsWaitedFor)
{
    Mesh mesh(4, {"--silence", "1h"});
    mesh.start();
    mesh.awaitExchange();
    mesh.node(Frozen).signal(SIGSTOP);
    mesh.awaitExchangeWithout(Frozen, 1000, StandsStill("received"));
    mesh.node(Frozen).signal(SIGCONT);
    mesh.awaitExchange();
    for (const auto& report : mesh.interruptAll())
    {
        for (const auto& peer : report["peers"])
        {
            EXPECT_EQ(peer["links"], 1) << report.dump();
        }
    }
}

/// Its kernel takes no more, its outbox fills, and what is over is dropped: for it, not for others.
TEST(FrozenPeerTest, aFullOutboxIsItsOwnOnly)
{
    Mesh mesh(3, {"--silence", "1h", "--message-size", "64KiB", "--rate", "100", "--outbox", "4"});
    mesh.start();
    mesh.awaitExchange();
    mesh.node(Frozen).signal(SIGSTOP);
    mesh.awaitExchangeWithout(Frozen, 100, StandsStill("sent"));
    for (std::size_t id = 0; id < Frozen; ++id)
    {
        const auto before = mesh.node(id).awaitPeer(Frozen, StandsStill("sent"));
        const auto later = mesh.node(id).awaitPeer(Frozen,
                                                   [&](const Report& peer)
                                                   {
                                                       return peer["dropped"] >=
                                                              before["dropped"].get<int>() + 100;
                                                   });
        EXPECT_EQ(later["sent"], before["sent"]) << later.dump();
    }
    mesh.node(Frozen).signal(SIGCONT);
    mesh.awaitExchange();
    mesh.interruptAll();
}

TEST(FrozenPeerTest, itIsTakenForDeadAndComesBack)
{
    Mesh mesh(3, {"--silence", "1s"});
    mesh.start();
    mesh.awaitExchange();
    mesh.node(Frozen).signal(SIGSTOP);
    const auto isDead = [](const Report& peer)
    {
        return !peer["up"] && says(peer["last_end"], "it has been silent for 1s");
    };
    const auto first = mesh.node(0).awaitPeer(Frozen, isDead);
    const auto second = mesh.node(1).awaitPeer(Frozen, isDead);
    mesh.awaitExchangeWithout(Frozen, 1000,
                              [](const Report& peer)
                              {
                                  return !peer["up"];
                              });
    mesh.node(Frozen).signal(SIGCONT);
    const auto isBackSince = [](const Report& before)
    {
        return [before](const Report& peer)
        {
            return peer["up"] && peer["links"] > before["links"] &&
                   peer["received"] > before["received"];
        };
    };
    mesh.node(0).awaitPeer(Frozen, isBackSince(first));
    mesh.node(1).awaitPeer(Frozen, isBackSince(second));
    mesh.interruptAll();
}

} // namespace weft::test
