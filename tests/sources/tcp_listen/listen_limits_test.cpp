#include "listen_test.hpp"
#include "tests/support/limits.hpp"
#include "tests/support/own_process.hpp"

#include <algorithm>
#include <optional>
#include <vector>

/// \file
/// A listening source that can take no more connections, for now, leaves them in the kernel's queue
/// and says so.

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

using ListenLimitsTest = ListenTest;

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(ListenLimitsTest);

TEST_P(ListenLimitsTest, connectionsBeyondTheLimitWaitUntilOneHasEnded)
{
    auto source = listen(log, {{"connections_max", "2"}, {"flush_interval", "0"}});
    auto first = connectTo(source);
    const auto second = connectTo(source);
    log.waitForBegins(2);
    const auto third = connectTo(source);
    send(third, "waiting");
    EXPECT_EQ(source.statistics().connectionsAccepted, 2U);
    first = {};
    log.waitForBytes(3, 7);
    EXPECT_EQ(log.ends(), 1U);
    EXPECT_EQ(source.statistics().acceptFailures, 0U) << "a limit is no failure";
}

TEST_P(ListenLimitsTest, withAllBuffersReservedPeersWaitForOneThatEnds)
{
    startRuntime(3);
    auto source = listen(log, {{"flush_interval", "0"}});
    std::vector<TcpStream> clients;
    for (int client = 0; client < 4; ++client)
    {
        clients.push_back(connectTo(source));
    }
    log.waitForBegins(3);
    await(
        [&]
        {
            return source.statistics().acceptFailures >= 2; // it goes on trying
        });
    const auto statistics = source.statistics();
    EXPECT_EQ(statistics.connectionsAccepted, 3U);
    EXPECT_EQ(statistics.state, SourceState::Running);
    EXPECT_NE(statistics.lastError.find("source 'door#4' cannot be given its buffer"),
              std::string::npos)
        << statistics.lastError;
    send(clients[3], "fourth");
    clients[0] = {};
    log.waitForBytes(4, 6);
}

TEST_P(ListenLimitsTest, aSlowConsumerHoldsUpItsConnectionsButEachHasItsBuffer)
{
    startRuntime(8);
    auto source = listen(log, {{"flush_interval", "0"}});
    log.hold();
    const auto greedy = connectTo(source);
    log.waitForBegins(1);
    // All that is shared, and then its own: seven of eight, as one is reserved to be accepted.
    const std::string flood(64 << 10, 'x');
    std::jthread flooder(
        [&]
        {
            EXPECT_TRUE(greedy.sendAll(bytesOf(flood)));
        });
    log.waitForBytes(1, 1024);
    const auto modest = connectTo(source);
    log.waitForBegins(2);
    send(modest, "modest");
    log.waitForBytes(2, 6);
    log.giveBack();
    log.waitForBytes(1, flood.size());
    EXPECT_EQ(log.connection(1).bytes, flood);
}

/// Out of descriptors a listener that just goes on accepting would spin.
TEST_P(ListenLimitsTest, withoutDescriptorsPeersWaitAndItIsTriedAgain)
{
    if (!inOwnProcess())
    {
        return;
    }
    auto source = listen(log, {{"flush_interval", "0"}});
    const auto first = connectTo(source);
    log.waitForBegins(1);
    auto socket = tcpSocket(); // there would be no descriptor for it later
    std::optional<FewDescriptors> few(0);
    const auto address = *SocketAddress::parse("127.0.0.1", portOf(source));
    checkedCall(::connect(socket.get(), address.data(), address.size()), "connect");
    const TcpStream client(std::move(socket));
    send(client, "late");
    await(
        [&]
        {
            return source.statistics().acceptFailures >= 3;
        });
    EXPECT_NE(source.statistics().lastError.find("Too many open files"), std::string::npos)
        << source.statistics().lastError;
    EXPECT_EQ(source.statistics().state, SourceState::Running);
    few.reset();
    log.waitForBytes(2, 4);
}

TEST_P(ListenLimitsTest, aThousandConnections)
{
    if (GetParam() == RunnerKind::Thread)
    {
        GTEST_SKIP() << "a thousand threads are what fibers are for";
    }
    constexpr std::size_t ClientCount = 1000;
    startRuntime(ClientCount + 100);
    auto source = listen(log, {{"flush_interval", "0"}, {"connections_max", "1000"}});
    std::vector<TcpStream> clients;
    for (std::size_t client = 0; client < ClientCount; ++client)
    {
        clients.push_back(connectTo(source));
    }
    log.waitForBegins(ClientCount);
    for (const auto& client : clients)
    {
        send(client, "hello");
    }
    log.waitUntil(
        [](const auto& connections)
        {
            return std::ranges::all_of(connections,
                                       [](const auto& entry)
                                       {
                                           return entry.second.bytes == "hello";
                                       });
        });
    EXPECT_EQ(source.statistics().connectionsOpen, ClientCount);
    EXPECT_EQ(source.connections().size(), ClientCount);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(runtime->statistics()[0].buffers.reserved, 0U);
}
