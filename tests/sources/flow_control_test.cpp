#include <weft/sources/gathering.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/flow_test.hpp"
#include "tests/sources/holding_consumer.hpp"
#include "tests/sources/kernel_queue.hpp"
#include "tests/support/heap_count.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <deque>
#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

using FlowControlTest = FlowTest;

/// How long after its first byte each buffer of a source came.
class LatencyMeter
{
public:
    EmitFunction emit()
    {
        return [this, inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            if (const auto* const data = std::get_if<SourceData>(&event))
            {
                const auto latency = Clock::now() - data->buffer.metadata().creationTime;
                shortest = std::min<std::chrono::nanoseconds>(shortest, latency);
                longest = std::max<std::chrono::nanoseconds>(longest, latency);
            }
            inner(origin, std::move(event)); // publishes the two to who waits there
        };
    }

    EventLog log;
    std::chrono::nanoseconds shortest = 1h;
    std::chrono::nanoseconds longest{};
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(FlowControlTest);

TEST_P(FlowControlTest, slowSourceDeliversItsPartlyFilledBufferAfterItsOwnFlushInterval)
{
    constexpr std::size_t MessageBytes = 100;
    // With one more it is known that nothing follows, and there is nothing to wait for.
    constexpr std::size_t Rounds = Gathering::WaitsOfASparseSource - 1;
    constexpr std::array<std::chrono::microseconds, 3> Intervals{0ms, 5ms, 20ms};
    startRuntime(64, 4096);
    LatencyMeter patientMeter;
    std::deque<LatencyMeter> meters(Intervals.size());
    std::deque<Feed> feeds;
    for (std::size_t index = 0; index < Intervals.size(); ++index)
    {
        feeds.push_back(
            connect(meters[index].emit(),
                    {{"flush_interval", std::to_string(Intervals[index].count()) + "us"}}));
    }
    auto patient = connect(patientMeter.emit(), {{"flush_interval", "1h"}});
    ASSERT_TRUE(patient.peer.send(MessageBytes));
    for (std::size_t round = 1; round <= Rounds; ++round)
    {
        for (auto& feed : feeds)
        {
            ASSERT_TRUE(feed.peer.send(MessageBytes));
        }
        // Nothing follows until all have come: only the flush interval can deliver them.
        for (auto& meter : meters)
        {
            meter.log.waitForBytes(round * MessageBytes);
        }
    }
    for (std::size_t index = 0; index < Intervals.size(); ++index)
    {
        // An eighth is for the reactor's batching, another for its timers.
        EXPECT_GE(meters[index].shortest, Intervals[index] - Intervals[index] / 4);
        EXPECT_LT(meters[index].longest, Intervals[index] + 10s) << "does not hang";
        report(fmt::format("flush interval {} us, longest wait in ms", Intervals[index].count()),
               std::chrono::duration<double, std::milli>(meters[index].longest).count());
    }
    EXPECT_TRUE(patientMeter.log.buffers().empty()) << "an interval concerns its own source";
    patient.peer.closeStream();
    patientMeter.log.waitForLast();
    EXPECT_EQ(patientMeter.log.received().size(), MessageBytes);
}

TEST_P(FlowControlTest, fullBuffersDoNotWaitForTheFlushInterval)
{
    startRuntime(64, 4096);
    HoldingConsumer consumer(0);
    auto feed = connect(consumer.emit(), {{"flush_interval", "1h"}});
    ASSERT_TRUE(feed.peer.send(3 * 4096));
    consumer.waitForBuffers(3);
    EXPECT_EQ(consumer.receivedBytes(), 3U * 4096U);
}

TEST_P(FlowControlTest, slowConsumerStopsThePeerAndThenGetsEverythingInOrder)
{
    constexpr std::size_t BufferBytes = 4096;
    constexpr std::uint32_t Buffers = 16;
    // Its own, and of the 14 that are shared: 7, with which as many are free.
    constexpr std::uint64_t HeldInTheEnd = 1 + 7;
    static_assert(adaptiveShare(Buffers - 2) == 7);
    constexpr std::uint64_t Unbounded = 256U << 20U;
    constexpr std::uint64_t Afterwards = 4U << 20U;
    startRuntime(Buffers, BufferBytes);
    HoldingConsumer consumer;
    HoldingConsumer neighbourConsumer(0);
    auto neighbour = connect(neighbourConsumer.emit(), {{"buffers_in_flight_max", "1"}});
    auto feed = connect(consumer.emit(), {{"flush_interval", "1h"}});
    feed.peer.limitSendBuffer(64 << 10);

    // A neighbour that goes on tells the time in events.
    auto letTheWorkerGoOn = [&, messages = 0]() mutable
    {
        for (int message = 0; message < 50; ++message)
        {
            ASSERT_TRUE(neighbour.peer.send(1));
            neighbourConsumer.waitForBytes(static_cast<std::uint64_t>(++messages));
        }
    };
    letTheWorkerGoOn();
    const auto allocationsBefore = heapAllocationCount();
    while (feed.peer.sendWhatFits(Unbounded) > 0 && feed.peer.sentBytes() < Unbounded)
    {
        letTheWorkerGoOn();
    }
    consumer.waitForHeld(HeldInTheEnd);
    awaitWaiting(1);
    const auto bytesTaken = feed.source.statistics().bytes;
    for (int attempt = 0; attempt < 20; ++attempt)
    {
        letTheWorkerGoOn();
        feed.peer.sendWhatFits(Unbounded);
    }
    const auto allocations = heapAllocationCount() - allocationsBefore;

    const auto sent = feed.peer.sentBytes();
    // In this order: what moves on in between is counted twice rather than not at all.
    const auto unacknowledged = feed.peer.unacknowledgedBytes();
    const auto unread = unreadBytes(feed.peer.port()).value();
    EXPECT_EQ(consumer.heldCount(), HeldInTheEnd);
    EXPECT_EQ(feed.source.statistics().bytes, bytesTaken)
        << "nothing is read while nothing is free";
    EXPECT_EQ(bytesTaken, HeldInTheEnd * BufferBytes);
    EXPECT_GT(unacknowledged, 0U) << "bytes wait on the peer's side";
    EXPECT_LE(unacknowledged, 2 * feed.peer.sendBufferBytes()) << "as many as it has room for";
    EXPECT_LE(sent, bytesTaken + unread + unacknowledged)
        << "the peer got rid of no more than the buffers and the two sockets hold";
    EXPECT_LE(allocations, 10U) << "what statistics() copies, and nothing for each byte";
    awaitInUse(HeldInTheEnd + 1); // and the neighbour's, which it takes anew for each message
    report("bytes in buffers", bytesTaken);
    report("bytes that the source's socket holds", unread);
    report("bytes that the peer's socket holds", unacknowledged);
    report("bytes that the peer could send in all", sent);

    consumer.holdAtMost(0);
    ASSERT_TRUE(feed.peer.send(Afterwards));
    feed.peer.closeStream();
    consumer.waitForEnd();
    EXPECT_EQ(consumer.receivedBytes(), sent + Afterwards);
    EXPECT_TRUE(consumer.isIntact());
    EXPECT_LE(pool().highWater, HeldInTheEnd + 1) << "catching up took no more buffers";
}

TEST_P(FlowControlTest, waitForABufferIsReportedWhileItGoesOnAndAfterwards)
{
    startRuntime(8, 256);
    HoldingConsumer consumer;
    auto feed = connect(consumer.emit(), {{"buffers_in_flight_max", "2"}});
    ASSERT_TRUE(feed.peer.send(8 * 256));
    awaitWaiting(1);
    const auto early = feed.source.statistics();
    EXPECT_EQ(early.bufferWaits, 1U);
    EXPECT_EQ(early.bufferWaitTotal, 0ns) << "only waits that are over";
    EXPECT_EQ(early.buffersInFlight, 2U);
    await(
        [&]
        {
            return feed.source.statistics().bufferWaitLongest > early.bufferWaitLongest;
        });
    const auto late = feed.source.statistics();
    EXPECT_EQ(late.bufferWaits, 1U);
    consumer.giveBackOldest();
    consumer.waitForBuffers(3);
    awaitWaiting(1);
    const auto after = feed.source.statistics();
    EXPECT_EQ(after.bufferWaits, 2U);
    EXPECT_GE(after.bufferWaitTotal, late.bufferWaitLongest);
    EXPECT_GE(after.bufferWaitLongest, after.bufferWaitTotal) << "one wait was all there was";
}
