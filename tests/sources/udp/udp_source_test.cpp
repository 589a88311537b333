#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/heap_count.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/own_process.hpp"
#include "tests/support/test_engine.hpp"
#include "udp_peer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <semaphore>
#include <stop_token>
#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

constexpr std::size_t BufferBytes = 256;

class UdpSourceTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle provide(ParameterTexts texts, OriginId origin = 7)
    {
        if (!runtime)
        {
            runtime.emplace(onTestEngine({.reactors = 1, .bufferSizeBytes = BufferBytes}));
        }
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("address", "127.0.0.1");
        texts.try_emplace("port", "0");
        return SourceProvider(*runtime).provide(origin, SourceDescriptor("feed", "udp", texts));
    }

    std::optional<Runtime> runtime;
    EventLog log;
    UdpPeer peer;
};

/// The bytes of each buffer.
class BufferList
{
public:
    EmitFunction emit()
    {
        return [this](OriginId, SourceEvent event)
        {
            const auto& data = std::get<SourceData>(event);
            const std::lock_guard lock(mutex);
            contents.emplace_back(textOf(data.buffer.bytes()));
            changed.notify_all();
        };
    }

    std::vector<std::string> awaitBytes(std::size_t count)
    {
        const auto total = [this]
        {
            std::size_t bytes = 0;
            for (const auto& content : contents)
            {
                bytes += content.size();
            }
            return bytes;
        };
        std::unique_lock lock(mutex);
        changed.wait(lock,
                     [&]
                     {
                         return total() >= count;
                     });
        return contents;
    }

private:
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> contents;
};

/// Holds the source up in its first event until it is opened.
class Gate
{
public:
    EmitFunction behind(EmitFunction inner)
    {
        return [this, first = true, inner = std::move(inner)](OriginId origin,
                                                              SourceEvent event) mutable
        {
            inner(origin, std::move(event));
            if (std::exchange(first, false))
            {
                reached.release();
                opened.acquire(); // blocks the reactor, which has nothing else to do
            }
        };
    }

    std::binary_semaphore reached{0};
    std::binary_semaphore opened{0};
};

std::size_t countOf(const std::string& text, char wanted)
{
    return static_cast<std::size_t>(std::ranges::count(text, wanted));
}

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(UdpSourceTest);

TEST_P(UdpSourceTest, eachDatagramIsARecordWithTheFramingThatIsWanted)
{
    const std::array<std::pair<const char*, std::string>, 3> framings{{
        {"none", "onethree"},
        {"newline", "one\n\nthree\n"},
        {"length", std::string("\0\0\0\3one\0\0\0\0\0\0\0\5three", 20)},
    }};
    for (const auto& [framing, expected] : framings)
    {
        EventLog own;
        auto source = provide({{"framing", framing}});
        ASSERT_TRUE(source.start(own.emit()));
        const auto port = portOf(source);
        for (const auto* const datagram : {"one", "", "three"})
        {
            peer.send(datagram, port);
        }
        own.waitForBytes(expected.size());
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        EXPECT_EQ(own.received(), expected) << framing;
        EXPECT_EQ(own.lastEventCount(), 0);
    }
}

TEST_P(UdpSourceTest, datagramIsWholeInOneBuffer)
{
    BufferList list;
    auto source = provide({{"framing", "newline"}, {"receive_buffer", "1MiB"}});
    ASSERT_TRUE(source.start(list.emit()));
    const auto port = portOf(source);
    std::string sent;
    for (std::size_t index = 0; index < 200; ++index)
    {
        const std::string datagram(index * 37 % BufferBytes, static_cast<char>('a' + index % 26));
        peer.send(datagram, port);
        sent += datagram + '\n';
    }
    std::string received;
    for (const auto& content : list.awaitBytes(sent.size()))
    {
        EXPECT_EQ(content.back(), '\n');
        received += content;
    }
    EXPECT_EQ(received, sent);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(UdpSourceTest, datagramLargerThanABufferBeginsOneAndGoesOnInTheNext)
{
    BufferList list;
    auto source = provide({{"framing", "length"}});
    ASSERT_TRUE(source.start(list.emit()));
    const auto port = portOf(source);
    constexpr std::size_t LargestIpv4 = 65507;
    const std::string large(LargestIpv4, 'x');
    peer.send("small", port);
    peer.send(large, port);
    peer.send("after", port);
    const auto contents = list.awaitBytes(4 + 5 + 4 + LargestIpv4 + 4 + 5);
    EXPECT_EQ(contents.front(), std::string("\0\0\0\5small", 9));
    EXPECT_EQ(contents[1], std::string("\0\0\xff\xe3", 4) + large.substr(0, BufferBytes - 4));
    std::string rest;
    for (std::size_t index = 2; index < contents.size(); ++index)
    {
        rest += contents[index];
    }
    EXPECT_EQ(rest, large.substr(BufferBytes - 4) + std::string("\0\0\0\5after", 9));
    EXPECT_EQ(source.statistics().messagesLost, 0U);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(UdpSourceTest, silenceIsNoEndAndAStopEndsItAtOnce)
{
    auto source = provide({});
    ASSERT_TRUE(source.start(log.emit()));
    peer.send("first", portOf(source));
    log.waitForBytes(5);
    EXPECT_EQ(log.buffers().size(), 1U) << "flushed, and no empty one";
    EXPECT_EQ(log.lastEventCount(), 0);
    peer.send("second", portOf(source));
    log.waitForBytes(11);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.received(), "firstsecond");
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(log.emitFunctionCount(), 0);
    EXPECT_EQ(source.statistics().state, SourceState::Stopped);
}

TEST_P(UdpSourceTest, demandAndStopDeliverWhatHasCome)
{
    auto source = provide({{"flush_interval", "1h"}});
    ASSERT_TRUE(source.start(log.emit()));
    const auto port = portOf(source);
    source.requestFlush();
    peer.send("demanded", port);
    log.waitForBytes(8);
    EXPECT_EQ(source.statistics().buffersDemanded, 1U);
    peer.send("more", port);
    while (log.received() != "demandedmore")
    {
        source.requestFlush();
        std::this_thread::yield();
    }
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(UdpSourceTest, datagramsThatTheKernelDropsAreCounted)
{
    Gate gate;
    auto source =
        provide({{"framing", "newline"}, {"receive_buffer", "16KiB"}, {"flush_interval", "0"}});
    ASSERT_TRUE(source.start(gate.behind(log.emit())));
    const auto port = portOf(source);
    peer.send("first", port);
    gate.reached.acquire();
    constexpr std::size_t Flood = 1000;
    for (std::size_t index = 0; index < Flood; ++index)
    {
        peer.send("flood", port);
    }
    gate.opened.release();
    awaitAllRead(port);
    // It finds room, and tells what was lost before it.
    peer.send("last", port);
    while (source.statistics().messagesLost == 0)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    const auto received = log.received();
    EXPECT_TRUE(received.starts_with("first\nflood\n"));
    EXPECT_TRUE(received.ends_with("flood\nlast\n"));
    EXPECT_EQ(countOf(received, '\n') + source.statistics().messagesLost, 1 + Flood + 1);
}

/// The last ones, too, after which none has come that could tell.
TEST_P(UdpSourceTest, datagramsThatAreDroppedLastAreCountedAtTheEnd)
{
    Gate gate;
    auto source =
        provide({{"framing", "newline"}, {"receive_buffer", "16KiB"}, {"flush_interval", "0"}});
    ASSERT_TRUE(source.start(gate.behind(log.emit())));
    const auto port = portOf(source);
    peer.send("first", port);
    gate.reached.acquire();
    constexpr std::size_t Flood = 1000;
    for (std::size_t index = 0; index < Flood; ++index)
    {
        peer.send("flood", port);
    }
    gate.opened.release();
    awaitAllRead(port);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(countOf(log.received(), '\n') + source.statistics().messagesLost, 1 + Flood);
}

TEST_P(UdpSourceTest, datagramThatAStopLeavesWithoutABufferIsCounted)
{
    Gate gate;
    auto source = provide({{"flush_interval", "1h"}});
    ASSERT_TRUE(source.start(gate.behind(log.emit())));
    const auto port = portOf(source);
    const std::string datagram(BufferBytes - 10, 'x');
    peer.send(datagram, port);
    peer.send(datagram, port); // for which the first one must go
    gate.reached.acquire();
    source.stop();
    gate.opened.release();
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.received(), datagram);
    EXPECT_EQ(source.statistics().messagesLost, 1U);
}

TEST_P(UdpSourceTest, sourcesThatReuseAPortShareItsSenders)
{
    std::array<EventLog, 3> logs;
    std::vector<SourceHandle> sources;
    std::uint16_t port = 0;
    for (auto& own : logs)
    {
        sources.push_back(provide(
            {{"port", std::to_string(port)}, {"reuse_port", "true"}, {"framing", "newline"}}));
        ASSERT_TRUE(sources.back().start(own.emit()));
        port = portOf(sources.back());
    }
    constexpr std::size_t Senders = 60;
    for (std::size_t index = 0; index < Senders; ++index)
    {
        UdpPeer().send("x", port);
    }
    const auto received = [&]
    {
        std::size_t bytes = 0;
        for (auto& own : logs)
        {
            bytes += own.received().size();
        }
        return bytes;
    };
    while (received() < 2 * Senders)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(tryStopAll(sources, 10s), TryStopResult::Success);
    EXPECT_EQ(received(), 2 * Senders) << "none came twice";
}

TEST_P(UdpSourceTest, portThatIsTakenIsAFailure)
{
    auto first = provide({});
    ASSERT_TRUE(first.start([](OriginId, const SourceEvent&) {}));
    const auto port = std::to_string(portOf(first));
    auto second = provide({{"port", port}});
    ASSERT_TRUE(second.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, errnoError(EADDRINUSE));
    EXPECT_EQ(log.failure()->message, "receive at 127.0.0.1:" + port + ": Address already in use");
    EXPECT_EQ(first.tryStop(10s), TryStopResult::Success);
}

TEST_P(UdpSourceTest, receiveBufferIsAskedForAndLessIsTold)
{
    auto small = provide({{"receive_buffer", "8KiB"}});
    ASSERT_TRUE(small.start([](OriginId, const SourceEvent&) {}));
    const auto port = std::to_string(portOf(small));
    EXPECT_EQ(small.statistics().endpoint, "127.0.0.1:" + port + ", receive buffer 8.0 KiB");
    auto large = provide({{"receive_buffer", "1GiB"}});
    ASSERT_TRUE(large.start([](OriginId, const SourceEvent&) {}));
    portOf(large);
    const auto endpoint = large.statistics().endpoint;
    EXPECT_TRUE(endpoint.ends_with(" of 1.0 GiB: net.core.rmem_max allows no more")) << endpoint;
    EXPECT_EQ(small.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(large.tryStop(10s), TryStopResult::Success);
}

TEST_P(UdpSourceTest, bothFamiliesComeInAtOneSocket)
{
    auto source = provide({{"address", "::"}, {"framing", "newline"}});
    ASSERT_TRUE(source.start(log.emit()));
    const auto port = portOf(source);
    peer.send("four", port);
    log.waitForBytes(5);
    UdpPeer("::1").send("six", *SocketAddress::parse("::1", port));
    log.waitForBytes(9);
    EXPECT_EQ(log.received(), "four\nsix\n");
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

/// What is there already is taken without suspending, so a flood had the reactor to itself.
TEST_P(UdpSourceTest, floodMustNotStarveTheOthers)
{
    auto flooded = provide({{"flush_interval", "0"}});
    auto quiet = provide({{"flush_interval", "0"}});
    ASSERT_TRUE(flooded.start([](OriginId, const SourceEvent&) {}));
    ASSERT_TRUE(quiet.start(log.emit()));
    const auto floodedPort = portOf(flooded);
    const auto quietPort = portOf(quiet);
    const std::jthread flood(
        [&](const std::stop_token& stop)
        {
            while (!stop.stop_requested())
            {
                peer.send("flood", floodedPort);
            }
        });
    for (std::size_t round = 1; round <= 20; ++round)
    {
        UdpPeer().send("quiet", quietPort);
        log.waitForBytes(5 * round);
    }
    EXPECT_EQ(quiet.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(flooded.tryStop(10s), TryStopResult::Success);
}

TEST_P(UdpSourceTest, hundredSourcesHearTheirOwn)
{
    constexpr std::size_t SourceCount = 100;
    std::vector<std::unique_ptr<EventLog>> logs;
    std::vector<SourceHandle> sources;
    for (std::size_t index = 0; index < SourceCount; ++index)
    {
        logs.push_back(std::make_unique<EventLog>());
        sources.push_back(provide({}, index));
        ASSERT_TRUE(sources.back().start(logs.back()->emit()));
    }
    for (std::size_t index = 0; index < SourceCount; ++index)
    {
        peer.send(std::to_string(1000 + index), portOf(sources[index]));
    }
    for (std::size_t index = 0; index < SourceCount; ++index)
    {
        logs[index]->waitForBytes(4);
        EXPECT_EQ(logs[index]->received(), std::to_string(1000 + index));
    }
    EXPECT_EQ(tryStopAll(sources, 10s), TryStopResult::Success);
}

TEST_P(UdpSourceTest, runningAllocatesNothing)
{
    constexpr std::uint64_t LastBuffer = 3000;
    std::atomic<std::uint64_t> buffers = 0;
    std::uint64_t atFirst = 0;
    std::uint64_t atLast = 0;
    std::binary_semaphore done(0);
    auto source = provide({{"framing", "length"}});
    ASSERT_TRUE(source.start(
        [&](OriginId, const SourceEvent&)
        {
            const auto seen = ++buffers;
            if (seen == 10)
            {
                atFirst = heapAllocationCount();
            }
            else if (seen == LastBuffer)
            {
                atLast = heapAllocationCount();
                done.release();
            }
        }));
    const auto address = *SocketAddress::parse("127.0.0.1", portOf(source));
    const std::string datagram(150, 'x');
    while (buffers < LastBuffer)
    {
        peer.send(datagram, address);
    }
    done.acquire();
    EXPECT_EQ(atLast, atFirst);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(UdpSourceTest, addressThatComesLaterIsWaitedFor)
{
    if (!inOwnProcess())
    {
        return;
    }
    if (const auto refusal = enterEmptyNetwork())
    {
        GTEST_SKIP() << *refusal;
    }
    auto source = provide({{"address", "192.0.2.1"},
                           {"reconnect_attempts", "1000000"},
                           {"reconnect_pause_min", "1ms"},
                           {"reconnect_pause_max", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    while (source.statistics().retries < 3)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(source.statistics().lastError,
              "receive at 192.0.2.1:0: Cannot assign requested address");
    addAddress("192.0.2.1");
    // The fixture's peer is in the network that this test has left.
    UdpPeer("192.0.2.1").send("there", *SocketAddress::parse("192.0.2.1", portOf(source)));
    log.waitForBytes(5);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}
