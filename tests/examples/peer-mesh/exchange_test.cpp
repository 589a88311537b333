#include "mesh.hpp"

#include <gtest/gtest.h>

/// A mesh in which nothing goes wrong.

namespace weft::test
{

TEST(MeshExchangeTest, everyNodeHearsEveryOther)
{
    Mesh mesh(4);
    mesh.start();
    mesh.awaitExchange();
    for (std::size_t id = 0; id < mesh.size(); ++id)
    {
        mesh.node(id).awaitReport(
            [](const Report& report)
            {
                bool all = true;
                for (const auto& peer : report["peers"])
                {
                    all = all && peer["received"] >= 500 && !peer["round_trip_ns"].is_null();
                }
                return all;
            });
    }
    const auto reports = mesh.interruptAll();
    for (std::size_t receiver = 0; receiver < mesh.size(); ++receiver)
    {
        for (const auto& heard : reports[receiver]["peers"])
        {
            const auto& said = peerIn(reports[heard["id"].get<std::size_t>()], receiver);
            EXPECT_LE(heard["received"], said["sent"]) << heard.dump() << said.dump();
        }
    }
}

/// Each start finds some peers missing: they are dialled until they are there.
TEST(MeshExchangeTest, nodesThatStartLateAreFound)
{
    Mesh mesh(3);
    mesh.start(0);
    mesh.node(0).awaitPeer(2,
                           [](const Report& peer)
                           {
                               return says(peer["last_end"], "connect: Connection refused");
                           });
    mesh.start(2);
    mesh.awaitExchange(1);
    mesh.start(1);
    mesh.awaitExchange();
    mesh.interruptAll();
}

TEST(MeshExchangeTest, largeMessagesArriveWhole)
{
    Mesh mesh(2, {"--message-size", "64KiB", "--rate", "100"});
    mesh.start();
    const auto hasSome = [](const Report& peer)
    {
        return peer["received"] >= 50 && !peer["round_trip_ns"].is_null();
    };
    mesh.node(0).awaitPeer(1, hasSome);
    mesh.node(1).awaitPeer(0, hasSome);
    mesh.interruptAll();
}

} // namespace weft::test
