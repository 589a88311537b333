#include <weft/sources/emit_when_ready.hpp>

#include "listen_test.hpp"
#include "tests/sources/kernel_queue.hpp"
#include "tests/sources/scripted_server.hpp"

#include <atomic>
#include <random>
#include <vector>

/// \file
/// A stop of a listening source ends the accepting, then every connection, and is complete when all
/// have closed.

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

using ListenStopTest = ListenTest;

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(ListenStopTest);

TEST_P(ListenStopTest, whatOpenConnectionsHaveReadIsDeliveredAndAllAreClosed)
{
    auto source = listen(log, {{"flush_interval", "1h"}});
    const auto port = portOf(source);
    std::vector<TcpStream> clients;
    for (int client = 0; client < 10; ++client)
    {
        clients.push_back(connectTo(source));
        log.waitForBegins(clients.size());
        send(clients.back(), "read");
    }
    // Read into buffers that are not full: the kernel has nothing left for anybody.
    for (const auto& client : clients)
    {
        await(
            [&]
            {
                return unreadBytes(client.localAddress().port()) == 0;
            });
    }
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.emitFunctionCount(), 0);
    EXPECT_EQ(log.ends(), 0U) << "nobody's end is told after a stop";
    for (const auto& [number, connection] : log.all())
    {
        EXPECT_EQ(connection.bytes, "read") << number;
    }
    for (auto& client : clients)
    {
        awaitPeerClose(client);
    }
    EXPECT_FALSE(TcpStream::connect(*SocketAddress::parse("127.0.0.1", port)));
    EXPECT_EQ(source.statistics().state, SourceState::Stopped);
    EXPECT_EQ(source.statistics().connectionsOpen, 0U);
}

TEST_P(ListenStopTest, beforeAnythingHasConnected)
{
    auto source = listen(log);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.emitFunctionCount(), 0);
}

TEST_P(ListenStopTest, whileOneEventWaitsForDownstreamAndOthersForTheirTurn)
{
    const auto readiness = std::make_shared<EmitReadiness>();
    std::atomic<int> offers = 0;
    auto source = provide({{"flush_interval", "0"}});
    ASSERT_TRUE(source.start(emitWhenReady(
        [&](OriginId, SourceEvent& event)
        {
            ++offers;
            return !std::holds_alternative<SourceData>(event);
        },
        readiness)));
    awaitRunning(source);
    std::vector<TcpStream> clients;
    for (int client = 0; client < 5; ++client)
    {
        clients.push_back(connectTo(source));
        await(
            [&]
            {
                return offers > client;
            });
    }
    for (const auto& client : clients)
    {
        send(client, "refused");
    }
    await(
        [&]
        {
            return source.statistics().buffers > 0;
        });
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(source.statistics().buffersDropped, source.statistics().buffers);
}

TEST_P(ListenStopTest, whileConnectionsWaitForBuffers)
{
    startRuntime(4);
    auto source = listen(log, {{"flush_interval", "0"}});
    log.hold();
    const auto client = connectTo(source);
    std::jthread flooder(
        [&]
        {
            const std::vector<std::byte> block(64 << 10);
            while (client.sendAll(block))
            {
            }
        });
    await(
        [&]
        {
            return source.statistics().bufferWaits > 0;
        });
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    log.giveBack();
}

TEST_P(ListenStopTest, atAnyMomentWhileClientsComeAndGo)
{
    startRuntime(64);
    std::mt19937 random(1);
    for (int round = 0; round < 30; ++round)
    {
        ConnectionLog roundLog;
        auto source = listen(roundLog, {{"connections_max", "20"}});
        const auto address = *SocketAddress::parse("127.0.0.1", portOf(source));
        std::atomic<bool> stopped = false;
        std::vector<std::jthread> clients;
        for (int client = 0; client < 2; ++client)
        {
            clients.emplace_back(
                [&]
                {
                    while (!stopped)
                    {
                        if (auto stream = TcpStream::connect(address))
                        {
                            static_cast<void>(stream->sendAll(bytesOf("bye")));
                        }
                    }
                });
        }
        roundLog.waitForEnds(random() % 20);
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        EXPECT_EQ(roundLog.emitFunctionCount(), 0);
        stopped = true;
    }
    EXPECT_EQ(runtime->statistics()[0].buffers.reserved, 0U);
}

/// The listener turns to the next connection just then, and may look for a stop before it looks for
/// what has changed.
TEST_P(ListenStopTest, asSoonAsAConnectionIsThere)
{
    for (int round = 0; round < 200; ++round)
    {
        auto source = provide({{"connections_total", "1"}});
        ASSERT_TRUE(source.start(
            [&source](OriginId, const SourceEvent& event)
            {
                if (std::holds_alternative<ConnectionBegin>(event))
                {
                    source.stop();
                }
            }));
        awaitRunning(source);
        const auto client = connectTo(source);
        await(
            [&]
            {
                return source.statistics().state == SourceState::Stopped;
            });
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
}

TEST_P(ListenStopTest, rightAfterTheStart)
{
    for (int round = 0; round < 20; ++round)
    {
        auto source = provide();
        ASSERT_TRUE(source.start(log.emit()));
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
    EXPECT_EQ(log.emitFunctionCount(), 0);
}

TEST_P(ListenStopTest, byTheEndOfTheRuntime)
{
    auto source = listen(log);
    std::vector<TcpStream> clients;
    for (int client = 0; client < 10; ++client)
    {
        clients.push_back(connectTo(source));
    }
    log.waitForBegins(10);
    runtime->shutdown();
    EXPECT_EQ(source.tryStop(0ns), TryStopResult::Success);
    EXPECT_EQ(log.emitFunctionCount(), 0);
    EXPECT_EQ(log.ends(), 0U);
}
