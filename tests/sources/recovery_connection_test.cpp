/// \file
/// docs/recovery.md, "The connection": what loopback can do to a tcp source. tcp_source_test.cpp
/// has what is not retried; recovery_network_test.cpp has what takes a network that is broken.

#include <weft/reactor/runtime.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/retried_feed.hpp"
#include "tests/sources/scripted_server.hpp"
#include "tests/sources/slow_resolver.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class RecoveryConnectionTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle feed(std::uint16_t port, std::uint64_t attempts, ParameterTexts texts = {})
    {
        return retriedFeed(runtime, GetParam(), port, attempts, std::move(texts));
    }

    Runtime runtime{onTestEngine({.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8})};
    EventLog log;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(RecoveryConnectionTest);

TEST_P(RecoveryConnectionTest, refusedConnectionIsTriedAgainUntilSomebodyListens)
{
    // Bound, so that nobody else gets the port, but not listening.
    auto listener = tcpSocket();
    auto address = *SocketAddress::parse("127.0.0.1", 0);
    checkedCall(::bind(listener.get(), address.data(), address.size()), "bind");
    auto size = SocketAddress::capacity();
    checkedCall(::getsockname(listener.get(), address.data(), &size), "getsockname");
    auto source = feed(address.port(), AttemptsWithoutEnd);
    ASSERT_TRUE(source.start(log.emit()));
    awaitRetries(source, 3);
    EXPECT_EQ(source.statistics().opens, 0U);
    EXPECT_NE(source.statistics().lastError.find("Connection refused"), std::string::npos);

    checkedCall(::listen(listener.get(), 1), "listen");
    {
        const OwnedDescriptor connection(
            checkedCall(::accept(listener.get(), nullptr, nullptr), "accept"));
        ASSERT_EQ(::send(connection.get(), "back", 4, 0), 4);
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "back");
    EXPECT_EQ(source.statistics().opens, 1U);
    EXPECT_EQ(source.statistics().retriesInARow, 0U) << "it is well again";
}

TEST_P(RecoveryConnectionTest, resetInMidStreamIsSurvivedWithoutLosingAByte)
{
    constexpr int Connections = 20;
    std::binary_semaphore arrived(0);
    int connection = 0;
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            sendText(stream, std::to_string(connection) + ",");
            if (++connection < Connections)
            {
                arrived.acquire(); // a reset may overtake bytes that nobody has read
                reset(stream);
            }
        });
    // One attempt is enough each time: data ends the row.
    auto source = feed(server.port(), 1);
    ASSERT_TRUE(source.start(log.emit()));
    std::string expected;
    for (int round = 0; round < Connections; ++round)
    {
        expected += std::to_string(round) + ",";
        log.waitForBytes(expected.size());
        arrived.release();
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), expected);
    EXPECT_EQ(source.statistics().opens, static_cast<std::uint64_t>(Connections));
    EXPECT_EQ(source.statistics().retries, static_cast<std::uint64_t>(Connections - 1));
    EXPECT_EQ(log.buffers().back().sequenceNumber, log.buffers().size() - 1);
}

TEST_P(RecoveryConnectionTest, peerThatAcceptsAndResetsIsGivenUpAfterTheAttempts)
{
    ScriptedServer server(reset);
    auto source = feed(server.port(), 3);
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.failure()->code, std::errc::connection_reset);
    EXPECT_NE(log.failure()->message.find(" (after 3 attempts to open it again, in "),
              std::string::npos)
        << log.failure()->message;
    EXPECT_EQ(log.lastEventCount(), 1);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(source.statistics().retries, 3U);
    EXPECT_EQ(source.statistics().retriesInARow, 3U);
    EXPECT_EQ(source.statistics().lastError, log.failure()->message);
    EXPECT_EQ(source.statistics().state, SourceState::Failed);
}

TEST_P(RecoveryConnectionTest, peerThatIsAwayIsGivenUpAfterTheTime)
{
    const auto port = refusedAddress().port();
    const auto before = Clock::now();
    auto source = feed(port, AttemptsWithoutEnd, {{"reconnect_time", "100ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_GE(Clock::now() - before, 100ms) << "the time is used";
    EXPECT_EQ(log.failure()->code, std::errc::connection_refused);
    EXPECT_NE(log.failure()->message.find(" attempts to open it again, in 1"), std::string::npos)
        << log.failure()->message;
    EXPECT_EQ(log.lastEventCount(), 1);
}

TEST_P(RecoveryConnectionTest, peerThatClosesOnlyItsHalfEndsTheStream)
{
    std::atomic<bool> sourceClosed = false;
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            sendText(stream, "all there is");
            stream.shutdownSend().value();
            awaitPeerClose(stream);
            sourceClosed = true;
        });
    auto source = feed(server.port(), AttemptsWithoutEnd);
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "all there is");
    while (!sourceClosed)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(source.statistics().retries, 0U) << "an end is not retried";
}

TEST_P(RecoveryConnectionTest, peerThatDoesNotAnswerIsTriedAgainUntilItDoes)
{
    const LoopbackListener listener(0);
    const auto waiting = listener.connectClient(); // the queue is full: SYNs are dropped
    auto source = feed(listener.address.port(), AttemptsWithoutEnd, {{"connect_timeout", "20ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    awaitRetries(source, 2);
    EXPECT_NE(source.statistics().lastError.find("deadline expired"), std::string::npos);
    const auto first = listener.acceptClient();
    {
        const auto connection = listener.acceptClient();
        ASSERT_EQ(::send(connection.get(), "late", 4, 0), 4);
        log.waitForBytes(4);
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "late");
}

TEST_P(RecoveryConnectionTest, nameServerThatIsSilentIsAskedAgainAfterTheConnectTimeout)
{
    SlowResolver resolver;
    auto source =
        feed(9000, AttemptsWithoutEnd, {{"host", SlowResolver::Host}, {"connect_timeout", "10ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    awaitRetries(source, 2);
    resolver.answer();
    log.waitForLast();
    EXPECT_EQ(log.failure()->code.category(), resolverCategory()) << log.failure()->message;
}
