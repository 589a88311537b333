#include <weft/reactor/runtime.hpp>
#include <weft/sources/blocking_consumer.hpp>
#include <weft/sources/emit_when_ready.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/allocation_meter.hpp"
#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/sources/scripted_server.hpp"
#include "tests/support/heap_count.hpp"
#include "tests/support/test_engine.hpp"

#include <boost/fiber/operations.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class RunningSourceTest : public testing::TestWithParam<RunnerKind>
{
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(RunningSourceTest);

TEST_P(RunningSourceTest, tcpAllocatesNothingFromTheFirstToTheTenThousandthBuffer)
{
    Runtime runtime(onTestEngine({.reactors = 1, .bufferSizeBytes = 1024}));
    const std::string chunk(64 << 10, 'x');
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            while (stream.sendAll(std::as_bytes(std::span(chunk))))
            {
            }
        });
    AllocationMeter meter;
    auto source = SourceProvider(runtime).provide(
        1, SourceDescriptor("feed", "tcp",
                            {{"host", "127.0.0.1"},
                             {"port", std::to_string(server.port())},
                             {"execution", executionText(GetParam())}}));
    ASSERT_TRUE(source.start(meter.emit()));
    EXPECT_EQ(meter.allocations(), 0U);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(RunningSourceTest, trickleWithFlushTimersAllocatesNothing)
{
    Runtime runtime(onTestEngine({.reactors = 1, .bufferSizeBytes = 1024}));
    ScriptedServer server(
        [](TcpStream& stream)
        {
            const std::array<std::byte, 16> message{};
            while (stream.sendAll(message))
            {
            }
        });
    AllocationMeter meter;
    // At once: a buffer for each receive, with its acquisition and release.
    auto source = SourceProvider(runtime).provide(
        1, SourceDescriptor("feed", "tcp",
                            {{"host", "127.0.0.1"},
                             {"port", std::to_string(server.port())},
                             {"execution", executionText(GetParam())},
                             {"flush_interval", "0"}}));
    ASSERT_TRUE(source.start(meter.emit()));
    EXPECT_EQ(meter.allocations(), 0U);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(RunningSourceTest, fileAllocatesNothingFromTheFirstToTheTenThousandthBuffer)
{
    Runtime runtime(onTestEngine({.reactors = 1, .bufferSizeBytes = 1024}));
    AllocationMeter meter;
    auto source = SourceProvider(runtime).provide(
        1, SourceDescriptor("log", "file",
                            {{"path", "/dev/zero"}, {"execution", executionText(GetParam())}}));
    ASSERT_TRUE(source.start(meter.emit()));
    EXPECT_EQ(meter.allocations(), 0U);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(RunningSourceTest, eventsThatGoThroughABlockingConsumerCostNoAllocation)
{
    Runtime runtime(onTestEngine({.reactors = 1, .bufferSizeBytes = 1024}));
    AllocationMeter meter;
    BlockingConsumer consumer({.name = "query", .threadsMax = 1});
    auto source = SourceProvider(runtime).provide(
        1, SourceDescriptor("log", "file",
                            {{"path", "/dev/zero"}, {"execution", executionText(GetParam())}}));
    ASSERT_TRUE(source.start(consumer.emitFunction(
        [take = meter.emit(), first = true](OriginId origin, SourceEvent event) mutable
        {
            // With its first event the consumer's thread gets its Boost.Fiber scheduler.
            boost::this_fiber::yield();
            if (!std::exchange(first, false))
            {
                take(origin, std::move(event));
            }
        })));
    EXPECT_EQ(meter.allocations(), 0U);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(RunningSourceTest, eventsThatAreRefusedAndOfferedAgainCostNoAllocation)
{
    Runtime runtime(onTestEngine({.reactors = 1, .bufferSizeBytes = 1024}));
    AllocationMeter meter;
    const auto readiness = std::make_shared<EmitReadiness>();
    // A thread gets its Boost.Fiber scheduler, by allocating it, when it first has to do with a
    // fiber that waits; here before anything is counted.
    std::binary_semaphore ready(0);
    std::jthread signaller(
        [&](const std::stop_token& stop)
        {
            boost::this_fiber::yield();
            ready.release();
            while (!stop.stop_requested())
            {
                readiness->signal();
            }
        });
    ready.acquire();
    auto source = SourceProvider(runtime).provide(
        1, SourceDescriptor("log", "file",
                            {{"path", "/dev/zero"}, {"execution", executionText(GetParam())}}));
    ASSERT_TRUE(source.start(emitWhenReady(
        [take = meter.emit(), refuse = false](OriginId origin, SourceEvent& event) mutable
        {
            boost::this_fiber::yield();
            // Every other time, the very first one included: the stop token is made then.
            refuse = !refuse;
            if (!refuse)
            {
                take(origin, std::move(event));
            }
            return !refuse;
        },
        readiness)));
    EXPECT_EQ(meter.allocations(), 0U);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST(RunningSource, thousandSilentSourcesMakeNoSystemCallsAndStopTogether)
{
    constexpr std::size_t SourceCount = 1000;
    Runtime runtime(onTestEngine({.reactors = 1, .buffersPerReactor = SourceCount}));
    std::vector<TcpStream> held;
    std::atomic<std::size_t> accepted = 0;
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            held.push_back(std::move(stream));
            ++accepted;
        },
        TcpListener::DefaultBacklog);
    std::vector<SourceHandle> sources;
    for (std::size_t index = 0; index < SourceCount; ++index)
    {
        sources.push_back(SourceProvider(runtime).provide(
            index,
            SourceDescriptor("silent", "tcp",
                             {{"host", "127.0.0.1"}, {"port", std::to_string(server.port())}})));
        ASSERT_TRUE(sources.back().start([](OriginId, const SourceEvent&) {}));
    }
    const auto allRunning = [&]
    {
        return std::ranges::all_of(sources,
                                   [](const SourceHandle& source)
                                   {
                                       return source.statistics().state == SourceState::Running;
                                   });
    };
    while (accepted < SourceCount || !allRunning())
    {
        std::this_thread::yield();
    }
    // Until the reactor sleeps: its statistics stand still.
    auto before = runtime.statistics()[0].engine.systemCalls;
    for (;;)
    {
        std::this_thread::sleep_for(50ms);
        const auto now = runtime.statistics()[0].engine.systemCalls;
        if (std::exchange(before, now) == now)
        {
            break;
        }
    }
    std::this_thread::sleep_for(300ms); // the time in which nothing must happen
    EXPECT_EQ(runtime.statistics()[0].engine.systemCalls, before);

    for (auto& source : sources)
    {
        source.stop();
    }
    for (auto& source : sources)
    {
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
    EXPECT_EQ(runtime.statistics()[0].buffers.reserved, 0U);
}
