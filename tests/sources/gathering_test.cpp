/// \file
/// What happens to a source while it lets bytes gather in the kernel. The tests cannot tell whether
/// it does so at the moment or waits as ever, and must hold for both; the simulator's can.

#include <weft/sources/gathering.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/flow_test.hpp"
#include "tests/sources/kernel_queue.hpp"
#include "tests/sources/scripted_server.hpp"

#include <gtest/gtest.h>

#include <semaphore>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class GatheringTest : public FlowTest
{
protected:
    SourceHandle connectTo(std::uint16_t port, std::string flushInterval)
    {
        const ParameterTexts texts{{"host", "127.0.0.1"},
                                   {"port", std::to_string(port)},
                                   {"execution", executionText(GetParam())},
                                   {"flush_interval", std::move(flushInterval)}};
        return SourceProvider(*runtime).provide(nextOrigin++,
                                                SourceDescriptor("feed", "tcp", texts));
    }

    EventLog log;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(GatheringTest);

TEST_P(GatheringTest, demandEndsThePause)
{
    constexpr int Rounds = 10;
    startRuntime(64, 4096);
    auto feed = connect(log.emit(), {{"flush_interval", "1h"}});
    for (int round = 1; round <= Rounds; ++round)
    {
        // Into an empty buffer, or one that has bytes; taken at once, or left in the kernel.
        ASSERT_TRUE(feed.peer.send(10));
        ASSERT_TRUE(feed.peer.send(10));
        const auto sent = static_cast<std::size_t>(round) * 20;
        while (log.received().size() < sent)
        {
            feed.source.requestFlush();
            std::this_thread::yield();
        }
    }
    EXPECT_LE(log.buffers().size(), 2 * Rounds);
    EXPECT_EQ(feed.source.tryStop(10s), TryStopResult::Success);
}

TEST_P(GatheringTest, stopEndsThePauseAndDeliversWhatTheBufferHas)
{
    startRuntime(64, 4096);
    for (int round = 0; round < 5; ++round)
    {
        EventLog ownLog;
        auto feed = connect(ownLog.emit(), {{"flush_interval", "1h"}});
        ASSERT_TRUE(feed.peer.send(10));
        awaitAllRead(feed.peer.port());
        // From here on it pauses before it takes more.
        ASSERT_TRUE(feed.peer.send(10));
        const auto before = Clock::now();
        EXPECT_EQ(feed.source.tryStop(10s), TryStopResult::Success);
        EXPECT_LT(Clock::now() - before, 5s) << "does not hang";
        EXPECT_GE(ownLog.received().size(), 10);
        EXPECT_EQ(ownLog.received().size() % 10, 0);
        EXPECT_EQ(ownLog.lastEventCount(), 0);
    }
}

TEST_P(GatheringTest, endOfTheStreamDeliversWhatHasGathered)
{
    startRuntime(64, 4096);
    for (int round = 0; round < 5; ++round)
    {
        EventLog ownLog;
        auto feed = connect(ownLog.emit(), {{"flush_interval", "1h"}});
        ASSERT_TRUE(feed.peer.send(10));
        awaitAllRead(feed.peer.port());
        ASSERT_TRUE(feed.peer.send(10));
        feed.peer.closeStream();
        ownLog.waitForLast();
        EXPECT_TRUE(ownLog.ended());
        EXPECT_EQ(ownLog.received().size(), 20);
        EXPECT_EQ(ownLog.buffers().size(), 1);
    }
}

/// The bytes that are in the kernel when the reset comes are still to be had.
TEST_P(GatheringTest, resetIsAnErrorAfterWhatHasGathered)
{
    startRuntime(64, 4096);
    for (int round = 0; round < 5; ++round)
    {
        std::binary_semaphore sent(0);
        std::binary_semaphore taken(0);
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                sendText(stream, "first ");
                sent.release();
                taken.acquire();
                sendText(stream, "second");
                reset(stream);
            });
        EventLog ownLog;
        auto source = connectTo(server.port(), "1h");
        ASSERT_TRUE(source.start(ownLog.emit()));
        sent.acquire();
        awaitAllRead(server.port());
        taken.release();
        ownLog.waitForLast();
        EXPECT_FALSE(ownLog.ended());
        ASSERT_TRUE(ownLog.failure());
        EXPECT_EQ(ownLog.failure()->code, std::errc::connection_reset);
        EXPECT_EQ(ownLog.received(), "first second");
    }
}

TEST_P(GatheringTest, steadySourceThatFallsSilentDeliversItsNextBytes)
{
    startRuntime(64, 4096);
    auto feed = connect(log.emit(), {{"flush_interval", "3ms"}});
    std::size_t sent = 0;
    for (int spell = 0; spell < 3; ++spell)
    {
        // A message now and then, until it looks only once in an interval.
        for (int message = 0; message < 200; ++message)
        {
            ASSERT_TRUE(feed.peer.send(10));
            sent += 10;
            std::this_thread::sleep_for(100us); // what "steady" means
        }
        log.waitForBytes(sent);
    }
    const auto& bytes = log.received();
    for (std::size_t index = 0; index < bytes.size(); ++index)
    {
        ASSERT_EQ(static_cast<std::byte>(bytes[index]), patternAt(index));
    }
    feed.peer.closeStream();
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received().size(), sent);
}

namespace
{

/// The rules of Gathering, with times that the test makes up around now.
class GatheringRules : public testing::Test
{
protected:
    static constexpr std::size_t Capacity = 4096;

    /// As if so many pauses in a row as it takes had ended with some bytes, the last one now.
    static void makeSteady(Gathering& gathering)
    {
        constexpr auto Finds = Gathering::FindsOfASteadySource;
        const auto now = Clock::now();
        gathering.took(1, true, now - 1h); // from where its rate is seen
        gathering.took(10, true, now - Finds * 20ms);
        for (unsigned left = Finds; left-- > 0;)
        {
            ASSERT_TRUE(gathering.pauseUntil(10, Capacity, Clock::now() + 50ms));
            gathering.took(10, true, now - left * 20ms);
        }
    }
};

} // namespace

TEST_F(GatheringRules, sourceWithoutAnIntervalNeverPauses)
{
    for (const std::chrono::nanoseconds interval : {-1ns, 0ns, 500'000ns})
    {
        Gathering gathering(FlushTimes{interval});
        gathering.took(10, true, Clock::now());
        EXPECT_FALSE(gathering.pauseUntil(10, Capacity, NoDeadline));
    }
}

TEST_F(GatheringRules, bufferWithBytesIsToppedUpWhenItIsDueAtTheLatest)
{
    Gathering gathering(FlushTimes{50ms});
    const auto now = Clock::now();
    gathering.took(10, true, now);
    const auto until = gathering.pauseUntil(10, Capacity, now + 20ms);
    ASSERT_TRUE(until);
    EXPECT_LE(*until, now + 20ms);
    EXPECT_FALSE(gathering.pauseUntil(10, Capacity, Clock::now() + 100us)) << "not worth it";
}

TEST_F(GatheringRules, emptyBufferIsNotPausedBeforeUntilTheSourceIsSteady)
{
    Gathering fresh(FlushTimes{50ms});
    fresh.took(10, true, Clock::now());
    EXPECT_FALSE(fresh.pauseUntil(0, Capacity, NoDeadline));
    Gathering gathering(FlushTimes{50ms});
    makeSteady(gathering);
    const auto latest = Clock::now() + 50ms;
    const auto until = gathering.pauseUntil(0, Capacity, NoDeadline);
    ASSERT_TRUE(until);
    EXPECT_LE(*until, latest);
}

TEST_F(GatheringRules, bytesThatAWaitHasBroughtMayHaveComeAsLongAgoAsCompletionsAreSeenLate)
{
    Gathering gathering(FlushTimes(16ms, {.completions = 1ms, .timers = 1ms}));
    const auto now = Clock::now();
    EXPECT_EQ(gathering.dueOf(now), now + 14ms);
    makeSteady(gathering);
    const auto lastTake = Clock::now() + 20ms;
    gathering.took(10, true, lastTake);
    ASSERT_TRUE(gathering.pauseUntil(0, Capacity, NoDeadline));
    EXPECT_EQ(gathering.dueOf(lastTake + 5ms), lastTake + 15ms)
        << "what a pause has gathered came after the take before it, whenever it is seen";
}

TEST_F(GatheringRules, bytesFoundAfterAPauseAreDueAnIntervalAfterTheTakeBeforeIt)
{
    Gathering gathering(FlushTimes{1h});
    makeSteady(gathering);
    const auto lastTake = Clock::now() + 20ms;
    gathering.took(10, true, lastTake);
    ASSERT_TRUE(gathering.pauseUntil(0, Capacity, NoDeadline));
    EXPECT_EQ(gathering.dueOf(Clock::now()), lastTake + 1h);
    const auto now = Clock::now();
    gathering.took(10, true, now);
    EXPECT_EQ(gathering.dueOf(now), now + 1h) << "without a pause they have just come";
}

TEST_F(GatheringRules, bytesThatATakeLeftQueuedAreAsOldAsThePause)
{
    Gathering gathering(FlushTimes{1h});
    makeSteady(gathering);
    const auto emptySince = Clock::now() + 20ms;
    gathering.took(10, true, emptySince);
    ASSERT_TRUE(gathering.pauseUntil(10, Capacity, emptySince + 1h));
    gathering.took(4086, false, emptySince + 10min);
    EXPECT_FALSE(gathering.pauseUntil(0, Capacity, NoDeadline)) << "they are there";
    EXPECT_EQ(gathering.dueOf(emptySince + 11min), emptySince + 1h);
    gathering.took(30, true, emptySince + 11min);
    EXPECT_EQ(gathering.dueOf(emptySince + 12min), emptySince + 12min + 1h) << "not the next ones";
}

/// A demand ends the pause; what it does not take has been there all the same.
TEST_F(GatheringRules, bytesThatGatheredInAPauseThatWasCutShortAreAsOldAsIt)
{
    Gathering gathering(FlushTimes{50ms});
    const auto emptySince = Clock::now();
    gathering.took(10, true, emptySince);
    ASSERT_TRUE(gathering.pauseUntil(10, Capacity, emptySince + 50ms));
    EXPECT_FALSE(gathering.pauseUntil(0, Capacity, NoDeadline)) << "not steady: it waits";
    EXPECT_EQ(gathering.dueOf(emptySince + 30ms), emptySince + 50ms);
}

TEST_F(GatheringRules, sourceThatHadNothingAfterAPauseWaitsForItsNextBytes)
{
    Gathering gathering(FlushTimes{50ms});
    makeSteady(gathering);
    ASSERT_TRUE(gathering.pauseUntil(0, Capacity, NoDeadline));
    gathering.foundNothing();
    EXPECT_FALSE(gathering.pauseUntil(0, Capacity, NoDeadline));
    EXPECT_FALSE(gathering.pauseUntil(10, Capacity, Clock::now() + 50ms));
    gathering.took(10, true, Clock::now() + 20ms);
    EXPECT_FALSE(gathering.pauseUntil(0, Capacity, NoDeadline)) << "steady no more";
}

TEST_F(GatheringRules, sourceThatWaitsLongForEachFirstByteIsSparseUntilMoreComes)
{
    Gathering gathering(FlushTimes{1h});
    for (unsigned wait = 1; wait <= Gathering::WaitsOfASparseSource; ++wait)
    {
        EXPECT_FALSE(gathering.isSparse()) << "after " << wait - 1 << " waits";
        gathering.waitsForFirst();
        const auto now = Clock::now() + wait * 1h;
        gathering.took(10, true, now);
        gathering.took(1, true, now + 1ms); // the rest of what there was
    }
    EXPECT_TRUE(gathering.isSparse());
    auto sooner = gathering;
    sooner.waitsForFirst();
    sooner.took(10, true, Clock::now());
    EXPECT_FALSE(sooner.isSparse()) << "the one before might have had these, too";
    auto toppedUp = gathering;
    toppedUp.waitsForMore();
    toppedUp.took(10, true, Clock::now() + 10h);
    EXPECT_FALSE(toppedUp.isSparse());
    auto paused = gathering;
    ASSERT_TRUE(paused.pauseUntil(10, Capacity, Clock::now() + 50ms));
    paused.took(10, true, Clock::now() + 10h);
    EXPECT_FALSE(paused.isSparse());
    auto full = gathering;
    full.filled();
    EXPECT_FALSE(full.isSparse());
}

/// It may have found nothing to take, or been kept from it: by a consumer, or by other sources.
TEST_F(GatheringRules, sourceThatTakesSeldomIsNotSparseForThat)
{
    Gathering gathering(FlushTimes{1h});
    const auto now = Clock::now();
    for (unsigned take = 1; take <= 2 * Gathering::WaitsOfASparseSource; ++take)
    {
        gathering.took(10, true, now + take * 1h);
        EXPECT_FALSE(gathering.isSparse());
    }
    for (unsigned expiry = 1; expiry <= 2 * Gathering::WaitsOfASparseSource; ++expiry)
    {
        gathering.waitsForFirst();
        gathering.took(10, true, Clock::now());
        gathering.waitsForMore(); // in vain
        EXPECT_FALSE(gathering.isSparse());
    }
}

TEST_F(GatheringRules, withoutAnIntervalThatIsWorthAPauseASourceIsNeverSparse)
{
    for (const std::chrono::nanoseconds interval : {-1ns, 0ns, 500'000ns})
    {
        Gathering gathering(FlushTimes{interval});
        for (unsigned wait = 1; wait <= 2 * Gathering::WaitsOfASparseSource; ++wait)
        {
            gathering.waitsForFirst();
            gathering.took(10, true, Clock::now() + 1h);
            EXPECT_FALSE(gathering.isSparse());
        }
    }
}

TEST_F(GatheringRules, pausesAreBoundedHoweverLongTheInterval)
{
    Gathering gathering(FlushTimes{1h});
    const auto now = Clock::now();
    gathering.took(10, true, now);
    const auto until = gathering.pauseUntil(10, Capacity, now + 1h);
    ASSERT_TRUE(until);
    EXPECT_LE(*until, Clock::now() + Gathering::PauseMost);
}

TEST_F(GatheringRules, fastSourceIsNeverMadeToPause)
{
    Gathering gathering(FlushTimes{50ms});
    for (int take = 0; take < 10; ++take)
    {
        gathering.took(1 << 20, true, Clock::now());
    }
    EXPECT_FALSE(gathering.pauseUntil(10, Capacity, Clock::now() + 50ms));
}

/// Otherwise the pause grows: the rate that is seen is then what the queue holds, for each pause.
TEST_F(GatheringRules, senderIsNotHeldUpForABufferThatItsQueueCannotFill)
{
    constexpr std::size_t LargeCapacity = 64 << 20;
    constexpr std::size_t QueuedBytes = 128 << 10;
    Gathering fast(FlushTimes{100ms});
    const auto now = Clock::now();
    for (int take = 50; take-- > 0;)
    {
        fast.took(QueuedBytes, true, now - take * 100us);
    }
    EXPECT_FALSE(fast.pauseUntil(QueuedBytes, LargeCapacity, now + 100ms));
    Gathering slow(FlushTimes{100ms});
    for (int take = 50; take-- > 0;)
    {
        slow.took(QueuedBytes, true, now - take * 20ms);
    }
    const auto until = slow.pauseUntil(QueuedBytes, LargeCapacity, now + 100ms);
    ASSERT_TRUE(until);
    EXPECT_LT(*until, Clock::now() + 20ms) << "before the queue is full";
}
