#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/acknowledgements.hpp"
#include "tests/sources/event_log.hpp"
#include "tests/sources/kernel_queue.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/sources/scripted_server.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <array>
#include <semaphore>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class TcpSourceTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle connectTo(std::uint16_t port, ParameterTexts texts = {})
    {
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("host", "127.0.0.1");
        texts.try_emplace("port", std::to_string(port));
        return SourceProvider(runtime).provide(7, SourceDescriptor("feed", "tcp", texts));
    }

    Runtime runtime{onTestEngine({.reactors = 1, .bufferSizeBytes = 4096})};
    EventLog log;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(TcpSourceTest);

TEST_P(TcpSourceTest, everyByteArrivesInOrderWithOriginSequenceAndTime)
{
    std::string sent;
    for (int line = 0; line < 20000; ++line)
    {
        sent += std::to_string(line) + "\n";
    }
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            sendText(stream, sent);
        });
    const auto before = Clock::now();
    auto source = connectTo(server.port());
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), sent);
    std::uint64_t sequenceNumber = 0;
    for (const auto& metadata : log.buffers())
    {
        EXPECT_EQ(metadata.originId, 7U);
        EXPECT_EQ(metadata.sequenceNumber, sequenceNumber++);
        EXPECT_GE(metadata.creationTime, before);
        EXPECT_LE(metadata.creationTime, Clock::now());
    }
    EXPECT_EQ(source.statistics().bytes, sent.size());
}

TEST_P(TcpSourceTest, acknowledgementsAreDelayedWhereAskedFor)
{
    ScriptedServer server(
        [](TcpStream& stream)
        {
            std::array<std::byte, 1> never{};
            static_cast<void>(stream.receive(never));
        });
    const auto address = *SocketAddress::parse("127.0.0.1", server.port());
    for (const bool delayed : {false, true})
    {
        EventLog ownLog;
        auto source = connectTo(server.port(), {{"delay_acks", delayed ? "true" : "false"}});
        ASSERT_TRUE(source.start(ownLog.emit()));
        while (source.statistics().state != SourceState::Running)
        {
            std::this_thread::yield();
        }
        EXPECT_EQ(acknowledgesAtOnce(address), !delayed);
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
}

TEST_P(TcpSourceTest, resetIsAnErrorAfterTheBytesBeforeItAndNotTheEnd)
{
    std::binary_semaphore received(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            sendText(stream, "before");
            received.acquire(); // a reset may overtake bytes that nobody has read
            reset(stream);
        });
    auto source = connectTo(server.port(), {{"flush_interval", "0"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(6);
    received.release();
    log.waitForLast();
    EXPECT_EQ(log.received(), "before");
    EXPECT_FALSE(log.ended());
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::connection_reset);
    EXPECT_NE(log.failure()->message.find("receive from 127.0.0.1"), std::string::npos);
    EXPECT_EQ(log.lastEventCount(), 1);
}

TEST_P(TcpSourceTest, resetInMidBufferStillDeliversWhatWasReceived)
{
    std::binary_semaphore sent(0);
    std::binary_semaphore inBuffer(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            sendText(stream, "part");
            sent.release();
            inBuffer.acquire();
            reset(stream);
        });
    // No flush for an hour: when the reset comes the bytes are in a buffer that is not full.
    auto source = connectTo(server.port(), {{"flush_interval", "1h"}});
    ASSERT_TRUE(source.start(log.emit()));
    sent.acquire();
    awaitAllRead(server.port());
    inBuffer.release();
    log.waitForLast();
    EXPECT_EQ(log.received(), "part");
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::connection_reset);
}

TEST_P(TcpSourceTest, peerThatClosesInMidBufferEndsTheStreamAfterItsBytes)
{
    ScriptedServer server(
        [](TcpStream& stream)
        {
            sendText(stream, "half a buffer");
        });
    auto source = connectTo(server.port(), {{"flush_interval", "1h"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "half a buffer");
    EXPECT_TRUE(log.ended());
    EXPECT_FALSE(log.failure());
    EXPECT_EQ(log.lastEventCount(), 1);
}

TEST_P(TcpSourceTest, silentPeerGetsItsPartlyFilledBufferFlushedAndNoEmptyOne)
{
    std::binary_semaphore flushed(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            sendText(stream, "first");
            flushed.acquire(); // silent meanwhile: only the flush interval can deliver
            sendText(stream, "second");
        });
    auto source = connectTo(server.port(), {{"flush_interval", "5ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(5);
    EXPECT_EQ(log.buffers().size(), 1U);
    EXPECT_FALSE(log.ended());
    flushed.release();
    log.waitForLast();
    EXPECT_EQ(log.received(), "firstsecond");
    EXPECT_EQ(log.buffers().size(), 2U);
}

TEST_P(TcpSourceTest, stopOfAnIdleSourceEmitsNothing)
{
    ScriptedServer server(awaitPeerClose);
    auto source = connectTo(server.port());
    ASSERT_TRUE(source.start(log.emit()));
    while (source.statistics().state != SourceState::Running)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(log.emitFunctionCount(), 0);
    EXPECT_EQ(source.statistics().state, SourceState::Stopped);
}

TEST_P(TcpSourceTest, stopDeliversWhatWasRead)
{
    std::binary_semaphore sent(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            sendText(stream, "read");
            sent.release();
            awaitPeerClose(stream);
        });
    auto source = connectTo(server.port(), {{"flush_interval", "1h"}});
    ASSERT_TRUE(source.start(log.emit()));
    sent.acquire();
    awaitAllRead(server.port());
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.received(), "read");
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(TcpSourceTest, refusedPortIsAnError)
{
    // A port that was free a moment ago.
    const auto port = ScriptedServer([](TcpStream&) {}).port();
    auto source = connectTo(port);
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::connection_refused);
    EXPECT_NE(log.failure()->message.find("connect to 127.0.0.1:"), std::string::npos);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(source.statistics().state, SourceState::Failed);
}

TEST_P(TcpSourceTest, unresolvableHostIsAnError)
{
    auto source = connectTo(9000, {{"host", "no-such-host.invalid"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code.category(), resolverCategory());
    EXPECT_NE(log.failure()->message.find("connect to no-such-host.invalid:9000"),
              std::string::npos);
}

TEST_P(TcpSourceTest, peerThatDoesNotAnswerIsGivenUpAfterTheConnectTimeout)
{
    // A full backlog: the kernel drops further connection attempts. Nobody accepts.
    const auto listener = TcpListener::listen(*SocketAddress::parse("127.0.0.1", 0), 0).value();
    const auto filler = TcpStream::connect(listener.localAddress()).value();
    auto source = connectTo(listener.localAddress().port(), {{"connect_timeout", "20ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, IoError::DeadlineExpired);
}

TEST_P(TcpSourceTest, namesResolveWithoutBlockingTheReactor)
{
    ScriptedServer server(
        [](TcpStream& stream)
        {
            sendText(stream, "named");
        });
    auto source = connectTo(server.port(), {{"host", "localhost"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "named");
    // The reactor, one offload thread, and maybe the source's own.
    EXPECT_LE(runtime.threadCount(), GetParam() == RunnerKind::Fiber ? 2U : 3U);
}

TEST_P(TcpSourceTest, endpointNamesBothSides)
{
    ScriptedServer server(
        [](TcpStream& stream)
        {
            sendText(stream, "x");
        });
    auto source = connectTo(server.port());
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    const auto endpoint = source.statistics().endpoint;
    EXPECT_TRUE(endpoint.starts_with("127.0.0.1:")) << endpoint;
    EXPECT_TRUE(endpoint.ends_with(" -> 127.0.0.1:" + std::to_string(server.port()))) << endpoint;
}
