/// \file
/// Sources that fill several buffers in one receive or read.

#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/owned_descriptor.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/flow_test.hpp"
#include "tests/sources/holding_consumer.hpp"
#include "tests/sources/kernel_queue.hpp"
#include "tests/sources/scripted_source.hpp"
#include "tests/support/heap_count.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <semaphore>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/uio.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

constexpr std::size_t BufferBytes = 1024;

using Sizes = std::vector<std::size_t>;

/// How many buffers each receive has begun: those that it begins have one time.
Sizes takesOf(const std::vector<BufferMetadata>& buffers)
{
    Sizes takes;
    auto latest = Clock::time_point();
    for (const auto& buffer : buffers)
    {
        if (takes.empty() || buffer.creationTime != latest)
        {
            takes.push_back(0);
        }
        latest = buffer.creationTime;
        ++takes.back();
    }
    return takes;
}

/// Takes nothing behind one buffer, the first unless told otherwise, until it is let go.
class Gate
{
public:
    explicit Gate(std::uint64_t heldSequenceNumber = 0) : held(heldSequenceNumber)
    {
    }

    EmitFunction behind(EmitFunction inner)
    {
        return [this, inner = std::move(inner)](OriginId origin, SourceEvent event) mutable
        {
            const auto* const data = std::get_if<SourceData>(&event);
            const bool isHeld = data != nullptr && data->buffer.metadata().sequenceNumber == held;
            inner(origin, std::move(event));
            if (isHeld)
            {
                reached.release();
                opened.acquire(); // blocks the reactor, which has nothing else to do
            }
        };
    }

    std::binary_semaphore reached{0};
    std::binary_semaphore opened{0};

private:
    const std::uint64_t held;
};

bool isPattern(const std::string& received)
{
    for (std::size_t index = 0; index < received.size(); ++index)
    {
        if (static_cast<std::byte>(received[index]) != patternAt(index))
        {
            return false;
        }
    }
    return true;
}

class VectoredFillTest : public FlowTest
{
protected:
    /// A source that has filled its first buffer, and behind which so many bytes are queued.
    Feed connectBeforeBurst(Gate& gate, std::uint64_t burstBytes, const ParameterTexts& texts)
    {
        return connectBeforeBurst(gate, log.emit(), burstBytes, texts);
    }

    Feed connectBeforeBurst(Gate& gate, EmitFunction emit, std::uint64_t burstBytes,
                            const ParameterTexts& texts)
    {
        auto feed = connect(gate.behind(std::move(emit)), texts);
        EXPECT_TRUE(feed.peer.send(BufferBytes));
        gate.reached.acquire();
        EXPECT_TRUE(feed.peer.send(burstBytes));
        await(
            [&]
            {
                return unreadBytes(feed.peer.port()) == burstBytes;
            });
        return feed;
    }

    EventLog log;
};

class VectoredFileTest : public FlowTest
{
protected:
    VectoredFileTest()
    {
        std::string pattern = "weft-vectored-fill-XXXXXX";
        directory = ::mkdtemp(pattern.data());
        std::string text(FileBytes, '\0');
        for (std::size_t index = 0; index < text.size(); ++index)
        {
            text[index] = static_cast<char>(patternAt(index));
        }
        std::ofstream(directory / "data", std::ios::binary) << text;
    }

    ~VectoredFileTest() override
    {
        std::filesystem::remove_all(directory);
    }

    SourceHandle open(ParameterTexts texts = {})
    {
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("path", (directory / "data").string());
        return SourceProvider(*runtime).provide(nextOrigin++,
                                                SourceDescriptor("data", "file", texts));
    }

    /// Whether a read of this file system can be told not to wait.
    bool answersAtOnce() const
    {
        const OwnedDescriptor file(::open((directory / "data").c_str(), O_RDONLY | O_CLOEXEC));
        char byte = 0;
        const iovec part{.iov_base = &byte, .iov_len = 1};
        return ::preadv2(file.get(), &part, 1, 0, RWF_NOWAIT) == 1;
    }

    static constexpr std::size_t FileBytes = (3 << 20) + 77;

    EventLog log;
    std::filesystem::path directory;
};

/// Who had a turn: a flood on one reactor beside a source that never has much.
class TurnsTest : public testing::Test
{
protected:
    static constexpr int SlowTurns = 50;

    /// Runs the flood until the slow source has had its turns. Answers the most buffers of the
    /// flood that came between two of these.
    std::size_t floodMostBetweenTurns(SourceRunner& flood)
    {
        SourceScript slowScript;
        slowScript.fillBuffer = [&](Fill& fill)
        {
            this_fiber::yield();
            put(fill, "x");
            return ++slowTurns == SlowTurns ? FillStatus::EndOfStream : FillStatus::More;
        };
        auto slow = makeRunner(RunnerKind::Fiber, runtime, slowScript,
                               {.name = "slow", .flushInterval = 0ns});
        std::size_t between = 0;
        std::size_t most = 0;
        const bool floodStarted = flood.start(
            [&](OriginId, const SourceEvent&)
            {
                ++between;
                most = std::max(most, slowTurns > 0 && slowTurns < SlowTurns ? between : 0);
            });
        EXPECT_TRUE(floodStarted);
        while (flood.statistics().buffers < 1000)
        {
            std::this_thread::yield();
        }
        EXPECT_TRUE(slow->start(
            [&, inner = log.emit()](OriginId origin, SourceEvent event) mutable
            {
                between = 0;
                inner(origin, std::move(event));
            }));
        log.waitForLast();
        EXPECT_EQ(flood.tryStop(10s), TryStopResult::Success);
        return most;
    }

    static FillStatus fillEverything(Fill& fill)
    {
        std::size_t count = 0;
        for (const auto& part : fill.space())
        {
            count += part.iov_len;
        }
        fill.advance(count);
        return FillStatus::More;
    }

    Runtime runtime{
        onTestEngine({.reactors = 1, .buffersPerReactor = 256, .bufferSizeBytes = BufferBytes})};
    EventLog log;
    SourceScript floodScript;
    std::atomic<int> slowTurns = 0;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(VectoredFillTest);
WEFT_INSTANTIATE_OVER_RUNNERS(VectoredFileTest);

TEST_P(VectoredFillTest, burstIsTakenByAFewReceivesCompleteAndInOrder)
{
    startRuntime(256, BufferBytes);
    Gate gate;
    constexpr std::size_t BurstBytes = 40 * BufferBytes + 7;
    auto feed = connectBeforeBurst(gate, BurstBytes, {{"flush_interval", "1h"}});
    const auto acquisitions = pool().acquisitions;
    gate.opened.release();
    log.waitForBytes(41 * BufferBytes);
    feed.peer.closeStream();
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received().size(), BufferBytes + BurstBytes);
    EXPECT_TRUE(isPattern(log.received()));
    EXPECT_EQ(takesOf(log.buffers()), (Sizes{1, 2, 4, 8, 16, 11}));
    EXPECT_EQ(log.buffers().size(), 42);
    // 2, 4, 8 and 16 were filled; of 32 there were 10 and the part.
    EXPECT_EQ(pool().acquisitions - acquisitions, 2 + 4 + 8 + 16 + 32);
    EXPECT_EQ(feed.source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(pool().inUse, 0);
}

TEST_P(VectoredFillTest, partBehindFullBuffersIsDeliveredOnDemand)
{
    startRuntime(256, BufferBytes);
    Gate gate;
    auto feed = connectBeforeBurst(gate, BufferBytes + 7, {{"flush_interval", "1h"}});
    gate.opened.release();
    log.waitForBytes(2 * BufferBytes);
    awaitAllRead(feed.peer.port());
    feed.source.requestFlush();
    log.waitForBytes(2 * BufferBytes + 7);
    EXPECT_EQ(takesOf(log.buffers()), (Sizes{1, 2}));
    EXPECT_EQ(feed.source.statistics().buffersDemanded, 1U);
    EXPECT_EQ(feed.source.tryStop(10s), TryStopResult::Success);
}

TEST_P(VectoredFillTest, demandWhileFullBuffersAreDeliveredReachesThePartBehindThem)
{
    startRuntime(256, BufferBytes);
    Gate first;
    Gate full(1);
    auto feed = connectBeforeBurst(first, full.behind(log.emit()), BufferBytes + 7,
                                   {{"flush_interval", "1h"}});
    first.opened.release();
    full.reached.acquire();
    feed.source.requestFlush();
    full.opened.release();
    log.waitForBytes(2 * BufferBytes + 7);
    EXPECT_EQ(takesOf(log.buffers()), (Sizes{1, 2}));
    EXPECT_EQ(feed.source.statistics().buffersDemanded, 1U);
    EXPECT_EQ(feed.source.tryStop(10s), TryStopResult::Success);
}

/// It gives way to them, and never waits for anything that a stop would end.
TEST_P(VectoredFillTest, stopReachesAFloodBesideFibersThatNeverRest)
{
    startRuntime(64, BufferBytes);
    std::atomic<bool> over = false;
    FiberGroup restless;
    for (int index = 0; index < 2; ++index)
    {
        runtime->spawn(restless, {.name = "restless"},
                       [&over]
                       {
                           while (!over)
                           {
                               this_fiber::yield();
                           }
                       });
    }
    auto feed = connect(log.emit());
    std::jthread sender(
        [&feed]
        {
            while (feed.peer.send(64 * BufferBytes))
            {
            }
        });
    log.waitForBytes(64 * BufferBytes);
    EXPECT_EQ(feed.source.tryStop(10s), TryStopResult::Success);
    over = true;
    restless.joinAll();
}

TEST_P(VectoredFillTest, withSharedBuffersExhaustedItGoesOnWithOne)
{
    constexpr std::uint32_t Buffers = 8;
    startRuntime(Buffers, BufferBytes);
    HoldingConsumer hoard;
    auto hoarder = connect(hoard.emit(), {{"buffers_in_flight_max", "7"}});
    Gate gate;
    // Its own buffer is certain from here on; all others are the hoarder's.
    auto feed = connect(gate.behind(log.emit()), {{"flush_interval", "1h"}});
    ASSERT_TRUE(hoarder.peer.send(20 * BufferBytes));
    hoard.waitForHeld(7);
    ASSERT_TRUE(feed.peer.send(BufferBytes));
    gate.reached.acquire();
    ASSERT_TRUE(feed.peer.send(20 * BufferBytes));
    await(
        [&]
        {
            return unreadBytes(feed.peer.port()) == 20 * BufferBytes;
        });
    gate.opened.release();
    log.waitForBytes(21 * BufferBytes);
    EXPECT_TRUE(isPattern(log.received()));
    EXPECT_EQ(takesOf(log.buffers()), Sizes(21, 1));
    EXPECT_EQ(hoard.heldCount(), 7);
    EXPECT_EQ(feed.source.tryStop(10s), TryStopResult::Success);
}

TEST_P(VectoredFillTest, sourceWithALimitOfOneIsNeverOfferedMore)
{
    startRuntime(256, BufferBytes);
    Gate gate;
    auto feed = connectBeforeBurst(gate, 20 * BufferBytes,
                                   {{"flush_interval", "1h"}, {"buffers_in_flight_max", "1"}});
    gate.opened.release();
    log.waitForBytes(21 * BufferBytes);
    EXPECT_TRUE(isPattern(log.received()));
    EXPECT_EQ(takesOf(log.buffers()), Sizes(21, 1));
    EXPECT_EQ(feed.source.tryStop(10s), TryStopResult::Success);
}

TEST_P(VectoredFillTest, severalBuffersAtOnceAllocateNothing)
{
    startRuntime(256, BufferBytes);
    HoldingConsumer consumer(4);
    auto feed = connect(consumer.emit(), {{"flush_interval", "1h"}});
    ASSERT_TRUE(feed.peer.send(500 * BufferBytes));
    consumer.waitForBytes(500 * BufferBytes);
    const auto before = heapAllocationCount();
    ASSERT_TRUE(feed.peer.send(2000 * BufferBytes));
    consumer.waitForBytes(2500 * BufferBytes);
    EXPECT_EQ(heapAllocationCount(), before);
    EXPECT_TRUE(consumer.isIntact());
}

TEST_P(VectoredFileTest, fileLargerThanTheWindowArrivesInTakesOf256KiB)
{
    startRuntime(1024, 4096);
    auto source = open({{"buffers_in_flight_max", "200"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received().size(), FileBytes);
    EXPECT_TRUE(isPattern(log.received()));
    const auto takes = takesOf(log.buffers());
    EXPECT_EQ(std::ranges::max(takes), 64);
    if (answersAtOnce())
    {
        EXPECT_LT(takes.size(), 30) << "12 of 256 KiB, and the way there";
    }
}

TEST_P(VectoredFileTest, fileThatIsNotInThePageCacheArrivesByteForByte)
{
    {
        const OwnedDescriptor file(::open((directory / "data").c_str(), O_RDWR | O_CLOEXEC));
        ASSERT_EQ(::fsync(file.get()), 0);
        // On a file system in memory this does nothing, and the test is the one above.
        ASSERT_EQ(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
    }
    startRuntime(256, 4096);
    auto source = open();
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received().size(), FileBytes);
    EXPECT_TRUE(isPattern(log.received()));
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(pool().inUse, 0);
}

TEST_F(TurnsTest, floodMustNotKeepAnotherSourceFromItsTurn)
{
    floodScript.fillBuffer = fillEverything;
    auto flood = makeRunner(RunnerKind::Fiber, runtime, floodScript);
    // Two takes: the slow source's own turn takes two, one for its yield and one to run again.
    EXPECT_LE(floodMostBetweenTurns(*flood), 2 * FillWindow::BuffersMax);
}

/// A source that had one buffer, filled it without waiting and gave it away could go on for ever.
TEST_F(TurnsTest, floodOfSingleBuffersMustNotKeepAnotherSourceFromItsTurn)
{
    floodScript.fillBuffer = fillEverything;
    auto flood = makeRunner(RunnerKind::Fiber, runtime, floodScript,
                            {.name = "flood", .buffersInFlightMax = 1});
    EXPECT_LE(floodMostBetweenTurns(*flood), 2U);
}

/// Two floods: each goes on while its visit lasts, and then the other has its turn.
TEST_F(TurnsTest, floodMustNotKeepAnotherFloodOut)
{
    constexpr int Visits = 40;
    // A visit ends with the take that reaches its limit, and may begin with a take before it.
    constexpr auto VisitLongest = FillWindow::VisitBytesMax + 2 * FillWindow::BytesMax;
    floodScript.fillBuffer = fillEverything;
    std::atomic<int> visits = 0;
    std::atomic<int> tooLong = 0;
    std::size_t visitBytes = 0;
    int last = -1;
    std::vector<std::unique_ptr<SourceRunner>> floods;
    for (int index = 0; index < 2; ++index)
    {
        floods.push_back(makeRunner(RunnerKind::Fiber, runtime, floodScript));
        EXPECT_TRUE(floods.back()->start(
            [&, index](OriginId, const SourceEvent&)
            {
                if (last != index)
                {
                    tooLong += visitBytes > VisitLongest ? 1 : 0;
                    ++visits;
                    visitBytes = 0;
                    last = index;
                }
                visitBytes += BufferBytes;
            }));
    }
    while (visits < Visits)
    {
        std::this_thread::yield();
    }
    for (auto& flood : floods)
    {
        EXPECT_EQ(flood->tryStop(10s), TryStopResult::Success);
    }
    // The first began alone, and either may once have waited for a buffer.
    EXPECT_LE(tooLong, Visits / 4);
}
