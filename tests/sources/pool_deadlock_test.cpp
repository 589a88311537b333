#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/acquire_buffer.hpp>

#include "tests/sources/flow_test.hpp"
#include "tests/sources/holding_consumer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <semaphore>
#include <thread>
#include <vector>

/// \file
/// A worker collects the buffers of several sources in a window, and needs buffers of its own: one
/// for the window's state, and one for its result, before it can give the window's buffers back.
/// With one pool for both the sources take the last buffer and wait for the worker, which waits for
/// them. The same number of buffers in two pools is enough.

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

constexpr std::size_t PoolBufferBytes = 256;
constexpr std::uint32_t AllBuffers = 16;
constexpr std::uint32_t WorkerBuffers = 2; // the window's state and its result
constexpr std::size_t WindowBuffers = 12;
constexpr std::size_t Sources = 4;
constexpr std::uint64_t BytesOfEach = 400 * PoolBufferBytes;
/// No adaptive limit: it would only make the deadlock less likely.
const ParameterTexts Greedy{{"buffers_in_flight_max", "1000"}};

class PoolDeadlockTest : public FlowTest
{
protected:
    /// Every buffer is out and every source waits for one, so only the worker can go on.
    bool standsStill()
    {
        const auto now = pool();
        return now.free == 0 && now.waiting == Sources;
    }

    struct Attempt
    {
        std::error_code error;
        IoBufferPoolStatistics before;
        IoBufferPoolStatistics after;
    };

    /// The worker on the common pool, as far as its request for the buffer of the result. On the
    /// thread that the pool wants.
    template <typename Pool>
    Attempt askForOneMore(Pool& common, std::binary_semaphore& hasState)
    {
        auto reservation = common.reserve("window").value();
        const auto state = acquireBuffer(reservation).value();
        hasState.release();
        while (!standsStill())
        {
            this_fiber::yield();
        }
        Attempt attempt;
        attempt.before = common.statistics();
        const auto result = acquireBuffer(reservation, io::after(100ms));
        attempt.after = common.statistics();
        attempt.error = result ? std::error_code() : result.error();
        return attempt;
    }
};

/// The worker on its own pool: the buffers of all sources, window by window, in a thread.
class WindowedWorker
{
public:
    /// `mayCloseTheFirst` tells whether the sources have taken all they can get.
    template <typename Condition>
    void run(ComputePool& compute, Condition mayCloseTheFirst)
    {
        for (;;)
        {
            auto state = compute.acquireUntil(Clock::now() + 10s);
            auto window = nextWindow();
            if (window.empty())
            {
                return;
            }
            while (windows == 0 && !mayCloseTheFirst())
            {
                std::this_thread::yield();
            }
            auto result = compute.acquireUntil(Clock::now() + 10s);
            if (!state || !result)
            {
                starved = true;
                return;
            }
            for (const auto& buffer : window)
            {
                check(buffer);
            }
            ++windows;
        }
    }

    EmitFunction emit()
    {
        return [this](OriginId, SourceEvent event)
        {
            const std::lock_guard lock(mutex);
            if (auto* const data = std::get_if<SourceData>(&event))
            {
                arrived.push_back(std::move(data->buffer));
            }
            else
            {
                ++endedSources;
            }
            changed.notify_all();
        };
    }

    std::array<std::uint64_t, Sources + 1> bytes{}; // by origin, which counts from one
    bool intact = true;
    bool starved = false;
    std::uint64_t windows = 0;

private:
    /// As many as a window has, or the last ones.
    std::vector<IoBuffer> nextWindow()
    {
        std::unique_lock lock(mutex);
        changed.wait(lock,
                     [this]
                     {
                         return arrived.size() >= WindowBuffers || endedSources == Sources;
                     });
        const auto end =
            arrived.begin() + static_cast<std::ptrdiff_t>(std::min(WindowBuffers, arrived.size()));
        std::vector<IoBuffer> window(std::make_move_iterator(arrived.begin()),
                                     std::make_move_iterator(end));
        arrived.erase(arrived.begin(), end);
        return window;
    }

    void check(const IoBuffer& buffer)
    {
        auto& position = bytes.at(buffer.metadata().originId);
        for (const auto byte : buffer.bytes())
        {
            intact = intact && byte == patternAt(position++);
        }
    }

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<IoBuffer> arrived;
    std::size_t endedSources = 0;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(PoolDeadlockTest);

TEST_P(PoolDeadlockTest, oneCommonPoolStopsForEverWhenAWindowNeedsOneMoreBuffer)
{
    startRuntime(AllBuffers, PoolBufferBytes);
    Attempt attempt;
    std::binary_semaphore hasState(0);
    std::jthread worker(
        [&]
        {
            if (GetParam() == RunnerKind::Thread)
            {
                attempt = askForOneMore(runtime->buffers().threadPool(), hasState);
                return;
            }
            runtime
                ->spawn({.name = "window", .stack = StackClass::Large},
                        [&]
                        {
                            attempt = askForOneMore(Reactor::current()->buffers(), hasState);
                        })
                .join();
        });
    hasState.acquire();
    std::deque<HoldingConsumer> window(Sources); // all of it, until the result is written
    std::deque<Feed> feeds;
    for (auto& part : window)
    {
        feeds.push_back(connect(part.emit(), Greedy));
    }
    for (auto& feed : feeds)
    {
        ASSERT_TRUE(feed.peer.send(BytesOfEach));
    }
    worker.join();

    EXPECT_EQ(attempt.error, IoError::DeadlineExpired) << "nobody could give the worker a buffer";
    EXPECT_EQ(attempt.before.free, 0U);
    EXPECT_EQ(attempt.after.free, 0U);
    EXPECT_EQ(attempt.after.waiting, Sources) << "all sources wait, before and after";
    EXPECT_EQ(attempt.after.acquisitions, attempt.before.acquisitions) << "nothing has moved";
    std::size_t collected = 0;
    for (const auto& part : window)
    {
        collected += part.heldCount();
    }
    EXPECT_GE(collected, WindowBuffers) << "the window was full: only its result was missing";

    // The only way out is to lose the window.
    for (auto& part : window)
    {
        part.holdAtMost(0);
        part.waitForBytes(BytesOfEach);
    }
}

TEST_P(PoolDeadlockTest, separatePoolsOfTheSameSizeCompleteWithEveryByte)
{
    startRuntime(AllBuffers - WorkerBuffers, PoolBufferBytes, WorkerBuffers);
    auto& compute = runtime->buffers().computePool();
    WindowedWorker worker;
    std::vector<Feed> feeds;
    for (std::size_t index = 0; index < Sources; ++index)
    {
        feeds.push_back(connect(worker.emit(), Greedy));
    }
    std::jthread thread(
        [&]
        {
            worker.run(compute,
                       [this]
                       {
                           return standsStill();
                       });
        });
    for (auto& feed : feeds)
    {
        ASSERT_TRUE(feed.peer.send(BytesOfEach));
        feed.peer.closeStream();
    }
    thread.join();

    EXPECT_FALSE(worker.starved);
    EXPECT_TRUE(worker.intact);
    for (OriginId origin = 1; origin <= Sources; ++origin)
    {
        EXPECT_EQ(worker.bytes.at(origin), BytesOfEach) << origin;
    }
    EXPECT_GE(worker.windows, Sources * BytesOfEach / PoolBufferBytes / WindowBuffers);
    EXPECT_EQ(compute.statistics().highWater, WorkerBuffers);
    EXPECT_EQ(compute.statistics().free, WorkerBuffers);
    report("windows", worker.windows);
}
