#include "tests/sources/flow_test.hpp"
#include "tests/sources/holding_consumer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

constexpr std::size_t BufferBytes = 256;
/// More than any pool here has buffers for, and less than the kernel takes without a reader.
constexpr std::uint64_t Plenty = 256 * BufferBytes;
constexpr std::size_t SlowSources = 50;
/// A fixed limit that no pool here reaches: such a source takes whatever is free.
constexpr auto NoLimit = "1000";

class BufferShareTest : public FlowTest
{
protected:
    /// Sources that send a byte when they are told to, each with a buffer to fill already.
    void connectSlowOnes(std::size_t count, std::size_t consumersHold)
    {
        for (std::size_t index = 0; index < count; ++index)
        {
            slowConsumers.emplace_back(consumersHold);
            slowOnes.push_back(connect(slowConsumers.back().emit()));
        }
        awaitInUse(static_cast<std::uint32_t>(count));
    }

    void sendToAllSlowOnes()
    {
        for (auto& slow : slowOnes)
        {
            ASSERT_TRUE(slow.peer.send(1));
        }
    }

    void waitForAllSlowOnes(std::uint64_t bytes)
    {
        for (auto& consumer : slowConsumers)
        {
            consumer.waitForBytes(bytes);
        }
    }

    std::uint64_t slowWaits() const
    {
        std::uint64_t waits = 0;
        for (const auto& slow : slowOnes)
        {
            waits += slow.source.statistics().bufferWaits;
        }
        return waits;
    }

    std::chrono::nanoseconds slowLongestWait() const
    {
        std::chrono::nanoseconds longest{};
        for (const auto& slow : slowOnes)
        {
            longest = std::max(longest, slow.source.statistics().bufferWaitLongest);
        }
        return longest;
    }

    std::deque<HoldingConsumer> slowConsumers; // before the sources, which emit into them
    std::deque<Feed> slowOnes;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(BufferShareTest);

TEST_P(BufferShareTest, slowSourcesDoNotWaitBesideAFloodWhoseConsumerHoldsWhatItGets)
{
    constexpr std::uint32_t Shared = 256;
    constexpr std::uint32_t FloodShare = 128;
    static_assert(adaptiveShare(Shared) == FloodShare);
    constexpr std::size_t Rounds = 20;
    startRuntime(SlowSources + 1 + Shared, BufferBytes);
    // Each consumer holds the last one, so that its source needs a second one all the time.
    connectSlowOnes(SlowSources, 1);
    HoldingConsumer hoard;
    auto flood = connect(hoard.emit());
    ASSERT_TRUE(flood.peer.send(Plenty));
    hoard.waitForHeld(1 + FloodShare);
    awaitWaiting(1);
    for (std::size_t round = 1; round <= Rounds; ++round)
    {
        sendToAllSlowOnes();
        waitForAllSlowOnes(round);
    }
    EXPECT_EQ(slowWaits(), 0U);
    EXPECT_EQ(hoard.heldCount(), 1U + FloodShare);
    EXPECT_EQ(flood.source.statistics().bufferWaits, 1U);
    EXPECT_EQ(pool().limited, 1U) << "the flood waits for its limit, not for a buffer";
}

TEST_P(BufferShareTest, slowSourcesWaitForOneHandOverToEachOtherSourceAtMost)
{
    constexpr std::uint32_t Shared = 100;
    startRuntime(SlowSources + 1 + Shared, BufferBytes);
    connectSlowOnes(SlowSources, HoldingConsumer::Everything);
    HoldingConsumer hoard;
    // Without the adaptive limit, so that there is nothing to share but what the flood gives back.
    auto flood = connect(hoard.emit(), {{"buffers_in_flight_max", NoLimit}});
    ASSERT_TRUE(flood.peer.send(Plenty));
    hoard.waitForHeld(1 + Shared);
    awaitWaiting(1);
    sendToAllSlowOnes();
    awaitWaiting(1 + SlowSources);

    const auto before = pool();
    EXPECT_EQ(before.free, 0U);
    std::uint32_t handOvers = 0;
    std::uint32_t floodServed = 0;
    for (std::uint32_t slowServed = 0; slowServed < SlowSources;)
    {
        hoard.giveBackOldest();
        ++handOvers;
        ASSERT_LE(handOvers, SlowSources + 1) << "each waits for one round of all at most";
        await(
            [&]
            {
                slowServed = static_cast<std::uint32_t>(
                    std::ranges::count_if(slowOnes,
                                          [](const Feed& slow)
                                          {
                                              return slow.source.statistics().buffersInFlight == 2;
                                          }));
                floodServed = static_cast<std::uint32_t>(hoard.receivedBuffers()) - (1 + Shared);
                return slowServed + floodServed == handOvers;
            });
        awaitWaiting(1 + SlowSources - slowServed); // the flood too, which asks again at once
    }
    EXPECT_EQ(floodServed, 1U) << "it had asked first, and then stood behind all others";
    EXPECT_EQ(pool().grants - before.grants, handOvers);
    EXPECT_EQ(slowWaits(), SlowSources);
    report("sources that wait", 1 + SlowSources);
    report("hand-overs until the last slow one was served", handOvers);
    report("longest wait of a slow one in ms",
           std::chrono::duration<double, std::milli>(slowLongestWait()).count());
}

TEST_P(BufferShareTest, slowSourcesKeepUpWhileAFloodTakesEverySharedBufferAgainAndAgain)
{
    // Each slow consumer keeps a buffer until the next one comes, so its source relies on the
    // shared part: on two of them, the one kept and the one to fill, while its own is set aside.
    constexpr std::uint32_t Shared = 2 * SlowSources + 10;
    constexpr std::size_t Rounds = 20;
    startRuntime(SlowSources + 1 + Shared, BufferBytes);
    connectSlowOnes(SlowSources, 1);
    HoldingConsumer hoard;
    auto flood = connect(hoard.emit(), {{"buffers_in_flight_max", NoLimit}});
    std::jthread sender(
        [&]
        {
            while (flood.peer.send(Plenty))
            {
            }
        });
    hoard.waitForHeld(1 + Shared);
    awaitWaiting(1);
    for (std::size_t round = 1; round <= Rounds; ++round)
    {
        sendToAllSlowOnes();
        for (auto& consumer : slowConsumers)
        {
            await(
                [&]
                {
                    hoard.giveBackOldest(); // one by one, and the flood takes them again
                    return consumer.receivedBytes() >= round;
                });
        }
    }
    const auto waits = slowWaits();
    EXPECT_GE(waits, 1U) << "they did compete";
    EXPECT_LE(waits, SlowSources * Rounds) << "one request for each message";
    EXPECT_GT(hoard.receivedBuffers(), 1U + Shared);
    report("messages of the slow ones", SlowSources * Rounds);
    report("waits of the slow ones", waits);
    report("longest of them in ms",
           std::chrono::duration<double, std::milli>(slowLongestWait()).count());
    EXPECT_EQ(flood.source.tryStop(10s), TryStopResult::Success);
}

TEST_P(BufferShareTest, consumersThatNeverGiveBackStopTheirOwnSourcesAndNoOther)
{
    constexpr std::uint32_t Shared = 40;
    constexpr std::uint32_t StuckSources = 3;
    constexpr std::size_t Others = 20;
    constexpr std::size_t Rounds = 50;
    constexpr std::uint32_t ComputeBuffers = 8;
    startRuntime(Others + StuckSources + Shared, BufferBytes, ComputeBuffers);
    connectSlowOnes(Others, 0);
    // One of each limit: together they hold every shared buffer.
    std::deque<HoldingConsumer> hoards(StuckSources);
    std::vector<Feed> stuck;
    stuck.push_back(connect(hoards[0].emit()));
    stuck.push_back(connect(hoards[1].emit(), {{"buffers_in_flight_max", "3"}}));
    stuck.push_back(connect(hoards[2].emit(), {{"buffers_in_flight_max", NoLimit}}));
    awaitInUse(Others + StuckSources);
    for (auto& feed : stuck)
    {
        ASSERT_TRUE(feed.peer.send(Plenty));
    }
    await(
        [&]
        {
            const auto now = pool();
            return now.free == 0 && now.waiting == StuckSources;
        });
    for (std::size_t round = 1; round <= Rounds; ++round)
    {
        sendToAllSlowOnes();
        waitForAllSlowOnes(round);
    }
    EXPECT_EQ(slowWaits(), 0U);
    std::size_t held = 0;
    for (const auto& hoard : hoards)
    {
        held += hoard.heldCount();
    }
    EXPECT_EQ(held, StuckSources + Shared);
    auto& compute = runtime->buffers().computePool();
    EXPECT_EQ(compute.statistics().acquisitions, 0U);
    std::vector<ComputeBuffer> working;
    while (auto buffer = compute.tryAcquire())
    {
        working.push_back(std::move(*buffer));
    }
    EXPECT_EQ(working.size(), ComputeBuffers);

    std::vector<SourceHandle> all;
    for (auto& feed : stuck)
    {
        all.push_back(std::move(feed.source));
    }
    for (auto& slow : slowOnes)
    {
        all.push_back(std::move(slow.source));
    }
    EXPECT_EQ(tryStopAll(all, 10s), TryStopResult::Success);
    EXPECT_EQ(pool().reserved, 0U);
    EXPECT_EQ(pool().inUse, held) << "what consumers have stays theirs";
    for (auto& hoard : hoards)
    {
        EXPECT_TRUE(hoard.isIntact());
        hoard.holdAtMost(0);
    }
    EXPECT_EQ(pool().inUse, 0U);
}

TEST_P(BufferShareTest, sharedBuffersFollowDemandFromOneSourceToOthersAndBack)
{
    constexpr std::uint32_t Sources = 4;
    constexpr std::uint32_t Shared = 60;
    static_assert(adaptiveShare(60) == 29 && adaptiveShare(31) == 16 && adaptiveShare(15) == 8);
    startRuntime(Sources + Shared, BufferBytes);
    std::deque<HoldingConsumer> consumers(Sources);
    std::deque<Feed> feeds;
    for (auto& consumer : consumers)
    {
        feeds.push_back(connect(consumer.emit()));
    }
    awaitInUse(Sources);
    const auto flood = [&](std::size_t index)
    {
        ASSERT_TRUE(feeds[index].peer.send(Plenty));
    };

    // Alone it gets 29 beside its own, which leaves 31: with 32 it might have had another.
    flood(0);
    consumers[0].waitForHeld(1 + 29);
    awaitWaiting(1);
    EXPECT_EQ(consumers[0].heldCount(), 1U + 29U);
    // The next ones get about a half each of what they find.
    flood(1);
    consumers[1].waitForHeld(1 + 16);
    awaitWaiting(2);
    flood(2);
    consumers[2].waitForHeld(1 + 8);
    awaitWaiting(3);
    EXPECT_EQ(consumers[0].heldCount(), 1U + 29U);
    EXPECT_EQ(consumers[1].heldCount(), 1U + 16U);
    EXPECT_EQ(consumers[2].heldCount(), 1U + 8U);

    // What the first gives back goes to those that hold less. It gets its own one again and no
    // other, because it still holds 16, as the second does; the third takes until 15 are free.
    consumers[0].giveBackOldest(1 + 13);
    consumers[2].waitForHeld(1 + 8 + 5);
    consumers[0].waitForHeld(1 + 16);
    awaitWaiting(3);
    EXPECT_EQ(consumers[0].heldCount(), 1U + 16U);
    EXPECT_EQ(consumers[1].heldCount(), 1U + 16U);
    EXPECT_EQ(consumers[2].heldCount(), 1U + 13U);
    EXPECT_EQ(pool().free, 15U) << "for the fourth, should it become busy";
    for (const std::size_t index : {0U, 1U, 2U})
    {
        const auto shared = consumers[index].heldCount() - 1;
        EXPECT_GE(shared, Shared / (3 + 2)) << index << " has its share";
        report(fmt::format("shared buffers of source {}, of {}", index, Shared), shared);
    }

    // The others fall silent, with one buffer each to fill, which may be a shared one.
    for (const std::size_t index : {1U, 2U})
    {
        consumers[index].holdAtMost(0);
        consumers[index].waitForBytes(feeds[index].peer.sentBytes());
    }
    consumers[0].waitForHeld(1 + adaptiveShare(Shared - 2));
    awaitWaiting(1);
    EXPECT_LE(consumers[0].heldCount(), 1U + adaptiveShare(Shared));
    report("shared buffers of the first when it is alone again", consumers[0].heldCount() - 1);
    for (auto& consumer : consumers)
    {
        EXPECT_TRUE(consumer.isIntact());
    }
}

TEST_P(BufferShareTest, fixedLimitOfTheDescriptorIsKept)
{
    startRuntime(64, BufferBytes);
    HoldingConsumer five;
    HoldingConsumer one;
    auto feedOfFive = connect(five.emit(), {{"buffers_in_flight_max", "5"}});
    auto feedOfOne = connect(one.emit(), {{"buffers_in_flight_max", "1"}});
    awaitInUse(2);
    ASSERT_TRUE(feedOfFive.peer.send(Plenty));
    ASSERT_TRUE(feedOfOne.peer.send(Plenty));
    for (std::uint64_t givenBack = 0; givenBack < 20; ++givenBack)
    {
        five.waitForBuffers(5 + givenBack);
        one.waitForBuffers(1 + givenBack);
        awaitWaiting(2);
        EXPECT_EQ(five.heldCount(), 5U);
        EXPECT_EQ(one.heldCount(), 1U);
        EXPECT_EQ(feedOfFive.source.statistics().buffersInFlight, 5U);
        EXPECT_EQ(feedOfOne.source.statistics().buffersInFlight, 1U);
        five.giveBackOldest();
        one.giveBackOldest();
    }
    EXPECT_EQ(pool().highWater, 6U);
}
