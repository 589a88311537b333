#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/allocation_meter.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/sources/websocket/websocket_peer.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class WebSocketAllocationTest : public testing::TestWithParam<RunnerKind>
{
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(WebSocketAllocationTest);

TEST_P(WebSocketAllocationTest, nothingIsAllocatedFromTheFirstToTheTenThousandthBuffer)
{
    constexpr std::size_t BufferBytes = 1024;
    Runtime runtime(onTestEngine({.reactors = 1, .bufferSizeBytes = BufferBytes}));
    std::string frames;
    while (frames.size() < (AllocationMeter::LastBuffer + 1000) * BufferBytes)
    {
        frames += frame(opcode::Text, std::string(100, 's')) +
                  frame(opcode::Binary, std::string(5000, 'l'));
    }
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            WebSocketPeer peer(stream);
            peer.accept();
            peer.send(frames);
            awaitPeerClose(stream);
        });
    for (const char* const framing : {"newline", "length"})
    {
        AllocationMeter meter;
        auto source = SourceProvider(runtime).provide(
            1, SourceDescriptor("feed", "websocket",
                                {{"url", "ws://localhost:" + std::to_string(server.port())},
                                 {"framing", framing},
                                 {"execution", executionText(GetParam())}}));
        ASSERT_TRUE(source.start(meter.emit()));
        // A message that is kept until it is whole grows to the largest.
        constexpr std::size_t GrowthsMost = 16;
        EXPECT_LE(meter.allocations(), framing == std::string("length") ? GrowthsMost : 0U);
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
}
