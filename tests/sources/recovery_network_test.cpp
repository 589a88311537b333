/// \file
/// docs/recovery.md, "The connection": what a network does. Each test has a network, and so a
/// process, of its own.

#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/socket_address.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/retried_feed.hpp"
#include "tests/sources/scripted_server.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/own_process.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <semaphore>

#include <netdb.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class RecoveryNetworkTest : public testing::TestWithParam<RunnerKind>
{
protected:
    /// In the empty network: what is made here runs in it.
    SourceHandle feed(std::uint16_t port, std::uint64_t attempts, ParameterTexts texts = {})
    {
        if (!runtime)
        {
            runtime.emplace(
                onTestEngine({.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8}));
        }
        return retriedFeed(*runtime, GetParam(), port, attempts, std::move(texts));
    }

    /// Connects to an address that no attempt can reach, which is tried again twice.
    SourceFailure failureOf(const std::string& host)
    {
        auto source = feed(9000, 2, {{"host", host}});
        EXPECT_TRUE(source.start(log.emit()));
        log.waitForLast();
        retries = source.statistics().retries;
        return *log.failure();
    }

    std::optional<Runtime> runtime;
    EventLog log;
    std::uint64_t retries = 0;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(RecoveryNetworkTest);

TEST_P(RecoveryNetworkTest, missingRouteIsTriedAgain)
{
    WEFT_IN_OWN_NETWORK();
    const auto failure = failureOf("192.0.2.1");
    EXPECT_EQ(failure.code, errnoError(ENETUNREACH)) << failure.message;
    EXPECT_EQ(retries, 2U);
    EXPECT_NE(failure.message.find("connect to 192.0.2.1:9000: Network is unreachable"),
              std::string::npos);
}

TEST_P(RecoveryNetworkTest, unreachableHostIsTriedAgain)
{
    WEFT_IN_OWN_NETWORK();
    addFailingRoute("192.0.2.1", RTN_UNREACHABLE);
    const auto failure = failureOf("192.0.2.1");
    EXPECT_EQ(failure.code, errnoError(EHOSTUNREACH)) << failure.message;
    EXPECT_EQ(retries, 2U);
}

TEST_P(RecoveryNetworkTest, prohibitedHostIsAFailureAtOnce)
{
    WEFT_IN_OWN_NETWORK();
    addFailingRoute("192.0.2.1", RTN_PROHIBIT);
    const auto failure = failureOf("192.0.2.1");
    EXPECT_EQ(failure.code, errnoError(EACCES)) << failure.message;
    EXPECT_EQ(retries, 0U);
}

TEST_P(RecoveryNetworkTest, networkThatComesBackIsFound)
{
    WEFT_IN_OWN_NETWORK();
    const auto listener = TcpListener::listen(*SocketAddress::parse("0.0.0.0", 0), 1).value();
    auto source = feed(listener.localAddress().port(), AttemptsWithoutEnd, {{"host", "192.0.2.1"}});
    ASSERT_TRUE(source.start(log.emit()));
    awaitRetries(source, 3);
    EXPECT_NE(source.statistics().lastError.find("Network is unreachable"), std::string::npos)
        << source.statistics().lastError;
    addAddress("192.0.2.1");
    {
        auto connection = listener.accept().value();
        sendText(connection, "reachable");
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "reachable");
}

TEST_P(RecoveryNetworkTest, lackOfLocalPortsIsWaitedOut)
{
    WEFT_IN_OWN_NETWORK();
    std::binary_semaphore freePort(0);
    int connections = 0;
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            if (++connections == 1)
            {
                freePort.acquire();
                reset(stream); // frees it at once, where an orderly end would wait a minute
                return;
            }
            sendText(stream, "a port at last");
        });
    const auto onlyPort = std::to_string(server.port() - 1);
    setIpv4Option("ip_local_port_range", onlyPort + " " + onlyPort);
    const auto occupant = TcpStream::connect(*SocketAddress::parse("127.0.0.1", server.port()));
    ASSERT_TRUE(occupant);
    auto source = feed(server.port(), AttemptsWithoutEnd);
    ASSERT_TRUE(source.start(log.emit()));
    awaitRetries(source, 3);
    EXPECT_NE(source.statistics().lastError.find("Cannot assign requested address"),
              std::string::npos)
        << source.statistics().lastError;
    freePort.release();
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "a port at last");
}

TEST_P(RecoveryNetworkTest, nameServerThatCannotBeReachedIsAskedAgain)
{
    WEFT_IN_OWN_NETWORK();
    const auto failure = failureOf("somewhere.invalid");
    EXPECT_EQ(failure.code, std::error_code(EAI_AGAIN, resolverCategory())) << failure.message;
    EXPECT_EQ(retries, 2U);
}

/// Over both runners at once: the kernel takes its seconds to give up.
TEST(RecoveryNetwork, peerThatTheKernelGivesUpIsTriedAgain)
{
    WEFT_IN_OWN_NETWORK();
    setIpv4Option("tcp_syn_retries", "1");
    const BlackHole peer;
    Runtime runtime(onTestEngine({.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8}));
    const auto port = peer.address().port();
    std::array logs{std::make_unique<EventLog>(), std::make_unique<EventLog>()};
    std::array sources{
        retriedFeed(runtime, RunnerKind::Fiber, port, AttemptsWithoutEnd),
        retriedFeed(runtime, RunnerKind::Thread, port, AttemptsWithoutEnd),
    };
    for (std::size_t index = 0; index < sources.size(); ++index)
    {
        ASSERT_TRUE(sources[index].start(logs[index]->emit()));
    }
    for (auto& source : sources)
    {
        awaitRetries(source, 1);
        EXPECT_NE(source.statistics().lastError.find("Connection timed out"), std::string::npos)
            << source.statistics().lastError;
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
}
