#include "listen_test.hpp"
#include "tests/sources/acknowledgements.hpp"
#include "tests/sources/scripted_server.hpp"

#include <fmt/format.h>

#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

using TcpListenSourceTest = ListenTest;

std::string linesOf(int client)
{
    std::string text;
    for (int line = 0; line < 500; ++line)
    {
        text += fmt::format("{} {}\n", client, line);
    }
    return text;
}

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(TcpListenSourceTest);

TEST_P(TcpListenSourceTest, eachConnectionIsAStreamOfItsOwn)
{
    auto source = listen(log, {{"flush_interval", "0"}});
    EXPECT_EQ(source.statistics().endpoint,
              fmt::format("listening on 127.0.0.1:{}", portOf(source)))
        << "with the port that the kernel has chosen";
    auto first = connectTo(source);
    log.waitForBegins(1);
    auto second = connectTo(source);
    log.waitForBegins(2);
    send(first, "one ");
    log.waitForBytes(1, 4);
    send(second, "two");
    log.waitForBytes(2, 3);
    send(first, "more");
    log.waitForBytes(1, 8);
    EXPECT_EQ(log.connection(1).peer, first.localAddress().toString());
    first = {};
    log.waitForEnds(1);
    EXPECT_TRUE(log.connection(1).ended);
    EXPECT_FALSE(log.connection(1).failure);
    send(second, "!");
    log.waitForBytes(2, 4);
    EXPECT_EQ(log.connection(1).bytes, "one more");
    EXPECT_EQ(log.connection(2).bytes, "two!");
    EXPECT_FALSE(log.ended()) << "the end of a connection is not that of the source";
    EXPECT_EQ(source.statistics().state, SourceState::Running);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_FALSE(log.connection(2).ended) << "a stop is no end";
}

TEST_P(TcpListenSourceTest, acknowledgementsAreDelayedWhereAskedFor)
{
    for (const bool delayed : {false, true})
    {
        ConnectionLog ownLog;
        auto source = listen(ownLog, {{"delay_acks", delayed ? "true" : "false"}});
        auto client = connectTo(source);
        ownLog.waitForBegins(1);
        EXPECT_EQ(acknowledgesAtOnce(client.localAddress()), !delayed);
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
}

TEST_P(TcpListenSourceTest, manyConnectionsAtOnceDeliverEveryByteInOrder)
{
    constexpr int ClientCount = 100;
    auto source = listen(log);
    std::vector<TcpStream> clients;
    for (int client = 0; client < ClientCount; ++client)
    {
        clients.push_back(connectTo(source));
    }
    for (int client = 0; client < ClientCount; ++client)
    {
        send(clients[client], linesOf(client));
    }
    clients.clear();
    log.waitForEnds(ClientCount);
    std::set<std::string> received;
    std::uint64_t bytes = 0;
    for (const auto& [number, connection] : log.all())
    {
        EXPECT_FALSE(connection.failure);
        received.insert(connection.bytes);
        bytes += connection.bytes.size();
    }
    for (int client = 0; client < ClientCount; ++client)
    {
        EXPECT_TRUE(received.contains(linesOf(client))) << client;
    }
    await(
        [&]
        {
            return source.statistics().connectionsOpen == 0;
        });
    const auto statistics = source.statistics();
    EXPECT_EQ(statistics.bytes, bytes);
    EXPECT_EQ(statistics.connectionsAccepted, ClientCount);
    EXPECT_EQ(statistics.connectionsFailed, 0U);
}

TEST_P(TcpListenSourceTest, aResetFailsItsConnectionAndNoOther)
{
    auto source = listen(log, {{"flush_interval", "0"}});
    auto broken = connectTo(source);
    log.waitForBegins(1);
    const auto healthy = connectTo(source);
    send(broken, "before");
    log.waitForBytes(1, 6);
    reset(broken);
    log.waitForEnds(1);
    const auto failed = log.connection(1);
    EXPECT_EQ(failed.bytes, "before");
    ASSERT_TRUE(failed.failure);
    EXPECT_EQ(failed.failure->code, std::errc::connection_reset);
    EXPECT_EQ(failed.failure->message,
              "receive from " + failed.peer + ": Connection reset by peer");
    send(healthy, "after");
    log.waitForBytes(2, 5);
    EXPECT_FALSE(log.failure());
    const auto statistics = source.statistics();
    EXPECT_EQ(statistics.state, SourceState::Running);
    EXPECT_EQ(statistics.connectionsFailed, 1U);
    EXPECT_EQ(statistics.lastError, failed.failure->message);
}

TEST_P(TcpListenSourceTest, aConnectionThatIsResetBeforeItIsAcceptedDoesNoHarm)
{
    auto source = listen(log, {{"connections_max", "1"}});
    auto first = connectTo(source);
    log.waitForBegins(1);
    auto second = connectTo(source);
    reset(second);
    const auto third = connectTo(source);
    send(third, "third");
    first = {};
    log.waitUntil(
        [](const auto& connections)
        {
            return !connections.empty() && connections.rbegin()->second.bytes == "third";
        });
    EXPECT_EQ(source.statistics().state, SourceState::Running);
}

TEST_P(TcpListenSourceTest, downstreamMayRefuseAConnection)
{
    auto source = provide();
    ASSERT_TRUE(source.start(
        [inner = log.emit(), refused = false](OriginId origin, SourceEvent event) mutable
        {
            if (std::holds_alternative<ConnectionBegin>(event) && !std::exchange(refused, true))
            {
                throw std::runtime_error("not you");
            }
            if (auto* const begin = std::get_if<ConnectionBegin>(&event))
            {
                EXPECT_EQ(begin->connection, 2U);
                begin->connection = 1; // what the log expects first
                inner(origin, std::move(event));
            }
        }));
    awaitRunning(source);
    auto unwanted = connectTo(source);
    awaitPeerClose(unwanted);
    const auto wanted = connectTo(source);
    log.waitForBegins(1);
    await(
        [&]
        {
            return source.statistics().connectionsFailed == 1;
        });
    const auto statistics = source.statistics();
    EXPECT_EQ(statistics.connectionsAccepted, 2U);
    EXPECT_EQ(statistics.lastError, "not you");
}

TEST_P(TcpListenSourceTest, whatTheEmitFunctionThrowsForDataFailsThatConnection)
{
    auto source = provide({{"flush_interval", "0"}});
    ASSERT_TRUE(source.start(
        [inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            const auto* const data = std::get_if<SourceData>(&event);
            if (data != nullptr && data->buffer.metadata().connection == 1)
            {
                throw std::runtime_error("cannot take this");
            }
            inner(origin, std::move(event));
        }));
    awaitRunning(source);
    auto first = connectTo(source);
    log.waitForBegins(1);
    const auto second = connectTo(source);
    send(first, "unwanted");
    log.waitForEnds(1);
    EXPECT_EQ(log.connection(1).failure->message, "cannot take this");
    send(second, "wanted");
    log.waitForBytes(2, 6);
}

TEST_P(TcpListenSourceTest, aFlushThatIsAskedForReachesEachConnection)
{
    auto source = listen(log, {{"flush_interval", "1h"}});
    const auto first = connectTo(source);
    log.waitForBegins(1);
    const auto second = connectTo(source);
    log.waitForBegins(2);
    send(first, "a");
    send(second, "b");
    log.waitUntil(
        [&](const auto& connections)
        {
            // Asked for again: bytes that have not been read yet are flushed by the next one.
            source.requestFlush();
            return connections.size() == 2 && connections.at(1).bytes == "a" &&
                   connections.at(2).bytes == "b";
        });
}

TEST_P(TcpListenSourceTest, theStatisticsOfEachOpenConnectionAreThere)
{
    auto source = listen(log, {{"flush_interval", "0"}});
    const auto first = connectTo(source);
    log.waitForBegins(1);
    const auto second = connectTo(source);
    send(second, "twelve bytes");
    log.waitForBytes(2, 12);
    const auto connections = source.connections();
    ASSERT_EQ(connections.size(), 2U);
    EXPECT_EQ(connections[0].connection, 1U);
    EXPECT_EQ(connections[0].statistics.bytes, 0U);
    EXPECT_EQ(connections[1].statistics.bytes, 12U);
    EXPECT_EQ(connections[1].statistics.endpoint, second.localAddress().toString());
}

TEST_P(TcpListenSourceTest, endsWhenAsManyConnectionsAsAskedForHaveEnded)
{
    auto source = listen(log, {{"connections_total", "3"}});
    for (int client = 0; client < 3; ++client)
    {
        send(connectTo(source), "x");
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.ends(), 3U);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(source.statistics().state, SourceState::Ended);
    EXPECT_EQ(log.emitFunctionCount(), 0);
}

TEST_P(TcpListenSourceTest, aPortThatIsInUseIsAClearError)
{
    auto source = listen(log);
    ConnectionLog secondLog;
    const auto port = std::to_string(portOf(source));
    auto second = provide({{"port", port}});
    ASSERT_TRUE(second.start(secondLog.emit()));
    secondLog.waitForLast();
    ASSERT_TRUE(secondLog.failure());
    EXPECT_EQ(secondLog.failure()->code, std::errc::address_in_use);
    EXPECT_EQ(secondLog.failure()->message,
              "listen on 127.0.0.1:" + port + ": Address already in use");
    send(connectTo(source), "still here");
    log.waitForBytes(1, 10);
}

TEST_P(TcpListenSourceTest, theSamePortIsListenedOnAgainAtOnce)
{
    std::string port = "0";
    for (int round = 0; round < 3; ++round)
    {
        ConnectionLog roundLog;
        auto source = listen(roundLog, {{"port", port}, {"flush_interval", "0"}});
        port = std::to_string(portOf(source));
        const auto client = connectTo(source);
        send(client, "hello");
        roundLog.waitForBytes(1, 5);
        // Closed on our side first, which leaves the kernel with a connection in TIME_WAIT.
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
}

TEST_P(TcpListenSourceTest, twoMayShareAPortThatIsReused)
{
    auto first = listen(log, {{"reuse_port", "true"}});
    ConnectionLog secondLog;
    auto second =
        listen(secondLog, {{"reuse_port", "true"}, {"port", std::to_string(portOf(first))}});
    std::vector<TcpStream> clients;
    for (int client = 0; client < 50; ++client)
    {
        clients.push_back(connectTo(first));
    }
    await(
        [&]
        {
            return log.all().size() + secondLog.all().size() == 50;
        });
}

TEST_P(TcpListenSourceTest, badParametersAreToldByName)
{
    const auto problem = [](const ParameterTexts& texts) -> std::string
    {
        try
        {
            const SourceDescriptor descriptor("door", "tcp_listen", texts);
        }
        catch (const InvalidParameter& error)
        {
            return error.what();
        }
        return "none";
    };
    EXPECT_EQ(problem({}), "parameter 'port' is missing; a tcp_listen source needs it: port to "
                           "listen on; 0: the kernel chooses");
    EXPECT_EQ(problem({{"port", "65536"}}), "parameter 'port' is '65536'; allowed: 0 to 65535");
    EXPECT_EQ(problem({{"port", "0"}, {"connections_max", "0"}}),
              "parameter 'connections_max' is '0'; allowed: 1 to 1000000");
}
