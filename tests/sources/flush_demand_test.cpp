#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/kernel_queue.hpp"
#include "tests/sources/scripted_server.hpp"
#include "tests/sources/scripted_source.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <semaphore>
#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class FlushDemandTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle connectTo(std::uint16_t port, std::string flushInterval)
    {
        const ParameterTexts texts{{"host", "127.0.0.1"},
                                   {"port", std::to_string(port)},
                                   {"execution", executionText(GetParam())},
                                   {"flush_interval", std::move(flushInterval)}};
        return SourceProvider(runtime).provide(7, SourceDescriptor("feed", "tcp", texts));
    }

    Runtime runtime{onTestEngine({.reactors = 1, .bufferSizeBytes = 4096})};
    EventLog log;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(FlushDemandTest);

TEST_P(FlushDemandTest, whatHasComeIsDeliveredLongBeforeItsFlushInterval)
{
    std::binary_semaphore sent(0);
    std::binary_semaphore goOn(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            sendText(stream, "half a ");
            sent.release();
            goOn.acquire();
            sendText(stream, "buffer");
        });
    auto source = connectTo(server.port(), "1h");
    ASSERT_TRUE(source.start(log.emit()));
    sent.acquire();
    awaitAllRead(server.port());
    EXPECT_EQ(log.received(), "");
    source.requestFlush();
    log.waitForBytes(7);
    EXPECT_EQ(log.received(), "half a ");
    EXPECT_EQ(source.statistics().buffersDemanded, 1U);
    goOn.release();
    log.waitForLast();
    EXPECT_EQ(log.received(), "half a buffer");
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.buffers().size(), 2U);
    EXPECT_EQ(source.statistics().buffersDemanded, 1U) << "one demand is good for one buffer";
}

TEST_P(FlushDemandTest, demandThatFindsNothingIsFulfilledByTheFirstBytes)
{
    std::binary_semaphore connected(0);
    std::binary_semaphore goOn(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            connected.release();
            goOn.acquire();
            sendText(stream, "at last");
            awaitPeerClose(stream);
        });
    auto source = connectTo(server.port(), "1h");
    ASSERT_TRUE(source.start(log.emit()));
    connected.acquire();
    source.requestFlush();
    source.requestFlush();
    EXPECT_TRUE(log.buffers().empty()) << "an empty buffer is not delivered";
    goOn.release();
    log.waitForBytes(7);
    EXPECT_EQ(source.statistics().buffersDemanded, 1U);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(FlushDemandTest, demandsThatRaceWithBytesLoseAndDoubleNothing)
{
    std::string sent;
    for (int line = 0; line < 200000; ++line)
    {
        sent += std::to_string(line) + "\n";
    }
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            // In pieces that fill no buffer, so that there is always something to ask for.
            const std::string_view all(sent);
            for (std::size_t at = 0; at < all.size(); at += 1000)
            {
                sendText(stream, all.substr(at, 1000));
            }
        });
    auto source = connectTo(server.port(), "1h");
    std::latch asked(1);
    std::jthread impatient(
        [&](const std::stop_token& stop)
        {
            source.requestFlush();
            asked.count_down();
            while (!stop.stop_requested())
            {
                source.requestFlush();
            }
        });
    asked.wait();
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    impatient.request_stop();
    impatient.join();
    EXPECT_TRUE(log.ended());
    EXPECT_TRUE(log.received() == sent);
    EXPECT_GT(source.statistics().buffersDemanded, 0U);
    EXPECT_EQ(source.statistics().buffers, log.buffers().size());
}

TEST_P(FlushDemandTest, bufferWithoutFlushIntervalIsDeliveredOnDemandOnly)
{
    std::binary_semaphore waits(0);
    SourceScript script;
    script.fillBuffer = [&](Fill& fill)
    {
        if (fill.sizeBytes() == 0)
        {
            put(fill, "for you");
        }
        EXPECT_GT(fill.deadline(), io::after(std::chrono::hours(24 * 365)));
        waits.release();
        const auto slept = io::sleepUntil(fill.deadline());
        return slept || gaveUp(slept.error()) ? FillStatus::More : FillStatus::EndOfStream;
    };
    auto runner = makeRunner(GetParam(), runtime, script,
                             {.name = "patient", .flushInterval = std::chrono::nanoseconds(-1)});
    ASSERT_TRUE(runner->start(log.emit()));
    waits.acquire();
    EXPECT_EQ(log.received(), "");
    runner->requestFlush();
    log.waitForBytes(7);
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
}

/// The deadline of a buffer without flush interval was the same for all: a demand for one ended the
/// first wait for the next, which was delivered though nobody had asked.
TEST_P(FlushDemandTest, oneDemandMustNotDeliverTwoBuffers)
{
    std::counting_semaphore<> waits(0);
    SourceScript script;
    script.fillBuffer = [&](Fill& fill)
    {
        put(fill, "x");
        waits.release();
        const auto slept = io::sleepUntil(fill.deadline());
        return slept || gaveUp(slept.error()) ? FillStatus::More : FillStatus::EndOfStream;
    };
    auto runner = makeRunner(GetParam(), runtime, script,
                             {.name = "patient", .flushInterval = std::chrono::nanoseconds(-1)});
    ASSERT_TRUE(runner->start(log.emit()));
    for (std::size_t demands = 1; demands <= 20; ++demands)
    {
        waits.acquire(); // the buffer to be demanded has its bytes
        runner->requestFlush();
        log.waitForBytes(demands);
    }
    waits.acquire();
    EXPECT_FALSE(waits.try_acquire_for(20ms)) << "the one that nobody demands is kept";
    EXPECT_EQ(log.received().size(), 20U);
    EXPECT_EQ(runner->statistics().buffersDemanded, 20U);
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
}

TEST_P(FlushDemandTest, otherWaitsOfTheSourceAreNotCutShort)
{
    std::binary_semaphore inFill(0);
    std::binary_semaphore goOn(0);
    const auto listener = TcpListener::listen(*SocketAddress::parse("127.0.0.1", 0)).value();
    SourceScript script;
    script.fillBuffer = [&](Fill& fill)
    {
        put(fill, "prefix ");
        inFill.release();
        // The source's own business, with a deadline of its own.
        auto peer = listener.accept(io::after(1h));
        EXPECT_TRUE(peer) << "a demand concerns the buffer, not this";
        put(fill, "and more");
        return FillStatus::EndOfStream;
    };
    auto runner = makeRunner(GetParam(), runtime, script,
                             {.name = "busy", .flushInterval = std::chrono::hours(1)});
    ASSERT_TRUE(runner->start(log.emit()));
    inFill.acquire();
    for (int demand = 0; demand < 100; ++demand)
    {
        runner->requestFlush();
    }
    const auto peer = TcpStream::connect(listener.localAddress()).value();
    log.waitForLast();
    EXPECT_EQ(log.received(), "prefix and more");
}

TEST_P(FlushDemandTest, demandsBeforeTheStartAndAfterTheEndDoNothing)
{
    SourceScript script;
    auto runner = makeRunner(GetParam(), runtime, script);
    runner->requestFlush();
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    runner->requestFlush();
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    runner->requestFlush();
    EXPECT_EQ(runner->statistics().buffersDemanded, 0U);
}

TEST_P(FlushDemandTest, demandsDuringAStopDoNoHarm)
{
    for (int round = 0; round < 100; ++round)
    {
        SourceScript script;
        script.fillBuffer = [](Fill& fill)
        {
            if (fill.sizeBytes() < 60)
            {
                put(fill, "x");
            }
            const auto slept = io::sleepUntil(fill.deadline());
            return slept || gaveUp(slept.error()) ? FillStatus::More : FillStatus::EndOfStream;
        };
        auto runner = makeRunner(GetParam(), runtime, script,
                                 {.name = "brief", .flushInterval = std::chrono::hours(1)});
        ASSERT_TRUE(runner->start(log.emit()));
        std::jthread impatient(
            [&](const std::stop_token& stop)
            {
                while (!stop.stop_requested())
                {
                    runner->requestFlush();
                }
            });
        while (runner->statistics().buffers < 3)
        {
            std::this_thread::yield();
        }
        EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    }
    EXPECT_EQ(log.lastEventCount(), 0);
}
