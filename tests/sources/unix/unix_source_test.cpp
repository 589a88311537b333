#include <weft/reactor/runtime.hpp>
#include <weft/reactor/unix_socket.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/heap_count.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <list>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class UnixSourceTest : public testing::TestWithParam<RunnerKind>
{
protected:
    void listen(UnixSocketKind kind = UnixSocketKind::Stream, std::string name = {})
    {
        listener = {}; // gives up the name
        socketKind = kind;
        socketName = name.empty() ? (directory.path() / "socket").string() : std::move(name);
        listener = UnixListener::listen(SocketAddress::parseUnix(socketName).value(), kind).value();
    }

    SourceHandle provide(ParameterTexts texts = {})
    {
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("path", socketName);
        texts.try_emplace("socket", socketKind == UnixSocketKind::Stream ? "stream" : "seqpacket");
        return SourceProvider(runtime).provide(7, SourceDescriptor("feed", "unix", texts));
    }

    /// The peer of a source that has been started.
    UnixSocket accept()
    {
        return listener.accept().value();
    }

    static void awaitState(const SourceHandle& source, SourceState state)
    {
        while (source.statistics().state != state)
        {
            std::this_thread::yield();
        }
    }

    TemporaryDirectory directory;
    Runtime runtime{onTestEngine({.reactors = 1, .bufferSizeBytes = 1024})};
    UnixSocketKind socketKind = UnixSocketKind::Stream;
    std::string socketName = (directory.path() / "socket").string();
    UnixListener listener;
    EventLog log;
};

std::string lines(int count)
{
    std::string text;
    for (int line = 0; line < count; ++line)
    {
        text += std::to_string(line) + "\n";
    }
    return text;
}

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(UnixSourceTest);

TEST_P(UnixSourceTest, everyByteOfAStreamArrivesInOrder)
{
    listen();
    auto source = provide();
    ASSERT_TRUE(source.start(log.emit()));
    const auto sent = lines(20000);
    {
        const auto peer = accept();
        ASSERT_TRUE(peer.sendAll(bytesOf(sent)));
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), sent);
    EXPECT_EQ(source.statistics().endpoint, "unix:" + socketName);
}

TEST_P(UnixSourceTest, anAbstractNameNeedsNoFile)
{
    listen(UnixSocketKind::Stream, "@weft-source-" + std::to_string(::getpid()));
    auto source = provide();
    ASSERT_TRUE(source.start(log.emit()));
    ASSERT_TRUE(accept().sendAll(bytesOf("abstract")));
    log.waitForLast();
    EXPECT_EQ(log.received(), "abstract");
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST_P(UnixSourceTest, packetsAreFramedByNewlinesOrLengthsOrNotAtAll)
{
    const std::vector<std::string> packets{"one", "", "three"};
    const std::vector<std::pair<std::string, std::string>> expected{
        {"none", "onethree"},
        {"newline", "one\n\nthree\n"},
        {"length", std::string("\0\0\0\3one\0\0\0\0\0\0\0\5three", 20)}};
    for (const auto& [framing, bytes] : expected)
    {
        listen(UnixSocketKind::Packets);
        EventLog framed;
        auto source = provide({{"framing", framing}});
        ASSERT_TRUE(source.start(framed.emit()));
        {
            const auto peer = accept();
            for (const auto& packet : packets)
            {
                ASSERT_TRUE(peer.send(bytesOf(packet)));
            }
        }
        framed.waitForLast();
        EXPECT_TRUE(framed.ended());
        EXPECT_EQ(framed.received(), bytes) << framing;
    }
}

/// The buffers have 1 KiB.
TEST_P(UnixSourceTest, aPacketThatIsLargerThanABufferGoesOnInTheNext)
{
    listen(UnixSocketKind::Packets);
    auto source = provide({{"framing", "newline"}, {"packet_size_max", "5000"}});
    ASSERT_TRUE(source.start(log.emit()));
    const std::string large(5000, 'x');
    {
        const auto peer = accept();
        ASSERT_TRUE(peer.send(bytesOf(large)));
        ASSERT_TRUE(peer.send(bytesOf("small")));
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), large + "\nsmall\n");
    EXPECT_EQ(log.buffers().size(), 5U);
}

TEST_P(UnixSourceTest, aPacketAboveTheMaximumIsAnErrorAfterWhatCameBefore)
{
    listen(UnixSocketKind::Packets);
    auto source = provide({{"framing", "newline"}, {"packet_size_max", "100"}});
    ASSERT_TRUE(source.start(log.emit()));
    const auto peer = accept();
    ASSERT_TRUE(peer.send(bytesOf(std::string(100, 'a'))));
    ASSERT_TRUE(peer.send(bytesOf(std::string(101, 'b'))));
    log.waitForLast();
    EXPECT_EQ(log.received(), std::string(100, 'a') + "\n");
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::message_size);
    EXPECT_NE(log.failure()->message.find("a packet of 101 bytes, more than packet_size_max allows "
                                          "(100)"),
              std::string::npos)
        << log.failure()->message;
}

TEST_P(UnixSourceTest, aSilentPeerGetsItsPartlyFilledBufferFlushed)
{
    for (const auto kind : {UnixSocketKind::Stream, UnixSocketKind::Packets})
    {
        listen(kind);
        EventLog flushed;
        auto source = provide({{"flush_interval", "1ms"}});
        ASSERT_TRUE(source.start(flushed.emit()));
        const auto peer = accept();
        ASSERT_TRUE(peer.send(bytesOf("part")));
        flushed.waitForBytes(4);
        EXPECT_FALSE(flushed.ended());
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
}

TEST_P(UnixSourceTest, theEndInMidBufferDeliversItsBytes)
{
    for (const auto kind : {UnixSocketKind::Stream, UnixSocketKind::Packets})
    {
        listen(kind);
        EventLog ended;
        auto source = provide({{"flush_interval", "1h"}});
        ASSERT_TRUE(source.start(ended.emit()));
        ASSERT_TRUE(accept().send(bytesOf("half a buffer")));
        ended.waitForLast();
        EXPECT_EQ(ended.received(), "half a buffer");
        EXPECT_TRUE(ended.ended());
    }
}

TEST_P(UnixSourceTest, stopEndsASilentSourceAndEmitsNothing)
{
    for (const auto kind : {UnixSocketKind::Stream, UnixSocketKind::Packets})
    {
        listen(kind);
        EventLog stopped;
        auto source = provide();
        ASSERT_TRUE(source.start(stopped.emit()));
        const auto peer = accept();
        awaitState(source, SourceState::Running);
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        EXPECT_EQ(stopped.lastEventCount(), 0);
        EXPECT_EQ(stopped.emitFunctionCount(), 0);
        EXPECT_EQ(source.statistics().state, SourceState::Stopped);
    }
}

TEST_P(UnixSourceTest, stopEndsAnOpenThatWaitsForAPlaceInTheQueue)
{
    const auto address = SocketAddress::parseUnix(socketName).value();
    const auto full = UnixListener::listen(address, UnixSocketKind::Stream, 0).value();
    const auto first = UnixSocket::connect(address, UnixSocketKind::Stream).value();
    auto source = provide();
    ASSERT_TRUE(source.start(log.emit()));
    awaitState(source, SourceState::Opening);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(UnixSourceTest, aFullQueueIsGivenUpAfterTheConnectTimeout)
{
    const auto address = SocketAddress::parseUnix(socketName).value();
    const auto full = UnixListener::listen(address, UnixSocketKind::Stream, 0).value();
    const auto first = UnixSocket::connect(address, UnixSocketKind::Stream).value();
    auto source = provide({{"connect_timeout", "20ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, IoError::DeadlineExpired);
}

TEST_P(UnixSourceTest, aSocketThatIsNotThereIsToldByName)
{
    auto source = provide();
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::connection_refused);
    EXPECT_EQ(log.failure()->message,
              "connect to unix:" + socketName + ", which is not there: Connection refused");
}

TEST_P(UnixSourceTest, aServerOfTheOtherKindIsAnError)
{
    listen(UnixSocketKind::Packets);
    auto source = provide({{"socket", "stream"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code.value(), EPROTOTYPE);
}

TEST_P(UnixSourceTest, aServerThatComesLaterIsFoundByReconnecting)
{
    auto source = provide({{"reconnect_attempts", "1000000"},
                           {"reconnect_pause_min", "1ms"},
                           {"reconnect_pause_max", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    while (source.statistics().retries < 3)
    {
        std::this_thread::yield();
    }
    listen();
    ASSERT_TRUE(accept().sendAll(bytesOf("at last")));
    log.waitForLast();
    EXPECT_EQ(log.received(), "at last");
}

TEST_P(UnixSourceTest, aHundredSourcesAtOnce)
{
    constexpr int SourceCount = 100;
    listen(UnixSocketKind::Packets);
    std::list<EventLog> logs;
    std::vector<SourceHandle> sources;
    for (int index = 0; index < SourceCount; ++index)
    {
        sources.push_back(provide({{"framing", "newline"}}));
        ASSERT_TRUE(sources.back().start(logs.emplace_back().emit()));
    }
    for (int index = 0; index < SourceCount; ++index)
    {
        const auto peer = accept();
        for (int packet = 0; packet < 100; ++packet)
        {
            ASSERT_TRUE(peer.send(bytesOf(std::to_string(packet))));
        }
    }
    for (auto& each : logs)
    {
        each.waitForLast();
        EXPECT_TRUE(each.ended());
        EXPECT_EQ(each.received(), lines(100));
    }
}

TEST_P(UnixSourceTest, nothingIsAllocatedForABufferOfPackets)
{
    listen(UnixSocketKind::Packets);
    std::atomic<std::uint64_t> atFirst = 0;
    std::atomic<std::uint64_t> atLast = 0;
    std::atomic<std::uint64_t> buffers = 0;
    std::binary_semaphore done(0);
    auto source = provide({{"framing", "length"}});
    ASSERT_TRUE(source.start(
        [&](OriginId, const SourceEvent&)
        {
            constexpr std::uint64_t Last = 2000;
            const auto count = ++buffers;
            if (count == 1)
            {
                atFirst = heapAllocationCount();
            }
            if (count == Last)
            {
                atLast = heapAllocationCount();
                done.release();
            }
        }));
    const auto peer = accept();
    std::jthread sender(
        [&]
        {
            const std::vector<std::byte> packet(700);
            while (peer.send(packet))
            {
            }
        });
    done.acquire();
    EXPECT_EQ(atFirst, atLast);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST(UnixParameters, aMistakeNamesTheKeyTheValueAndWhatIsAllowed)
{
    const auto problem = [](ParameterTexts texts) -> std::string
    {
        Runtime runtime(onTestEngine({.reactors = 1}));
        try
        {
            SourceProvider(runtime).provide(1, SourceDescriptor("feed", "unix", texts));
        }
        catch (const InvalidParameter& error)
        {
            return error.what();
        }
        return "none";
    };
    const std::string tooLong(108, 'x');
    EXPECT_EQ(problem({{"path", tooLong}}),
              "parameter 'path' is '" + tooLong + "'; allowed: a text of 1 to 107 bytes");
    EXPECT_EQ(problem({{"path", "@"}}),
              "parameter 'path' is '@'; allowed: a path, or @ and a name in the abstract "
              "namespace, of at most 107 bytes");
    EXPECT_EQ(problem({{"path", std::string("a\0b", 3)}}),
              "parameter 'path' has a NUL byte in its value; allowed: a text of 1 to 107 bytes");
    EXPECT_EQ(problem({{"path", "x"}, {"socket", "datagram"}}),
              "parameter 'socket' is 'datagram'; allowed: one of stream, seqpacket");
    EXPECT_EQ(problem({{"path", "x"}, {"framing", "newline"}}),
              "parameter 'framing' is 'newline', but a stream has no packets; allowed: none, or "
              "socket: seqpacket with it");
}
