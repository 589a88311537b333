#include <weft/reactor/io.hpp>
#include <weft/reactor/machine.hpp>

#include "tests/reactor/small_rings.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <thread>

#include <unistd.h>

using namespace std::chrono_literals;

namespace weft
{

TEST_F(SmallRings, submissionQueueFullLosesNoOperation)
{
    const auto pairs = socketPairs(500);
    std::deque<Receive> receives;
    for (const auto& pair : pairs)
    {
        engine.start(receives.emplace_back(pair.first.get()));
    }
    engine.poll();
    for (const auto& pair : pairs)
    {
        ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
    }
    parkUntilCompleted(receives);
    EXPECT_TRUE(std::ranges::all_of(receives,
                                    [](const Receive& receive)
                                    {
                                        return receive.completionCount == 1 && receive.result == 1;
                                    }));
}

TEST_F(SmallRings, submissionQueueFullIsCounted)
{
    if (testEngine() != EngineKind::IoUring)
    {
        GTEST_SKIP() << "epoll has no queues";
    }
    const auto pair = socketPair();
    std::deque<Receive> receives;
    ASSERT_EQ(::write(pair.second.get(), "12345678901234567890123456789012345678901234567890", 50),
              50);
    for (int index = 0; index < 5; ++index)
    {
        engine.start(receives.emplace_back(pair.first.get()));
    }
    const auto queued = engine.statistics().queuedOperations;
    parkUntilCompleted(receives);
    EXPECT_GE(queued, 5 - SubmissionEntries);
}

TEST_F(SmallRings, completionQueueFullLosesNoCompletion)
{
    const auto pairs = socketPairs(500);
    std::deque<Receive> receives;
    for (const auto& pair : pairs)
    {
        engine.start(receives.emplace_back(pair.first.get()));
    }
    // Until the kernel has them all, and none has anything to receive.
    for (int turn = 0; turn < 500; ++turn)
    {
        engine.poll();
    }
    for (const auto& pair : pairs)
    {
        ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
    }
    parkUntilCompleted(receives);
    EXPECT_EQ(engine.statistics().completions, 500U);
}

TEST_F(SmallRings, completionQueueFullIsCounted)
{
    if (testEngine() != EngineKind::IoUring)
    {
        GTEST_SKIP() << "epoll has no queues";
    }
    const auto pairs = socketPairs(100);
    std::deque<Receive> receives;
    for (const auto& pair : pairs)
    {
        engine.start(receives.emplace_back(pair.first.get()));
    }
    for (int turn = 0; turn < 100; ++turn)
    {
        engine.poll();
    }
    for (const auto& pair : pairs)
    {
        ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
    }
    parkUntilCompleted(receives);
    EXPECT_GT(engine.statistics().completionOverflows, 0U);
}

TEST_F(SmallRings, parkLastsToItsMoment)
{
    const auto until = engine.now() + 2ms;
    engine.park(until);
    EXPECT_GE(engine.now(), until);
}

TEST_F(SmallRings, wakeUpBeforeParkEndsIt)
{
    engine.poll();
    wake();
    engine.park(NoDeadline);
    EXPECT_EQ(engine.statistics().wakeUps, 1U);
}

TEST_F(SmallRings, wakeUpsWorkAgainAndAgain)
{
    for (std::uint64_t round = 1; round <= 1000; ++round)
    {
        wake();
        while (engine.statistics().wakeUps < round)
        {
            engine.park(NoDeadline);
        }
    }
    EXPECT_EQ(engine.statistics().wakeUps, 1000U);
}

TEST_F(SmallRings, wakeUpIsArmedAgainAfterTheCompletionQueueWasFull)
{
    const auto pairs = socketPairs(100);
    std::deque<Receive> receives;
    for (const auto& pair : pairs)
    {
        engine.start(receives.emplace_back(pair.first.get()));
    }
    for (int turn = 0; turn < 100; ++turn)
    {
        engine.poll();
    }
    for (const auto& pair : pairs)
    {
        ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
        wake(); // its completion finds no room either, and the multishot ends
    }
    parkUntilCompleted(receives);
    engine.poll();
    const auto before = engine.statistics().wakeUps;
    wake();
    while (engine.statistics().wakeUps == before)
    {
        engine.park(NoDeadline);
    }
    EXPECT_GT(engine.statistics().wakeUps, before);
}

TEST_F(SmallRings, whatCompletesWhileTheEngineGathersIsReportedTogether)
{
    const auto pairs = socketPairs(2);
    std::deque<Receive> receives;
    for (const auto& pair : pairs)
    {
        engine.start(receives.emplace_back(pair.first.get()));
    }
    engine.gather(engine.now());
    for (const auto& pair : pairs)
    {
        ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
    }
    engine.gather(engine.now() + 1ms);
    for (const auto& receive : receives)
    {
        EXPECT_EQ(receive.completionCount, 1);
    }
}

TEST_F(SmallRings, wakeUpEndsTheGatheringAtOnce)
{
    for (int round = 0; round < 200; ++round)
    {
        const auto before = engine.statistics().wakeUps;
        const std::jthread waker(
            [this]
            {
                wake();
            });
        while (engine.statistics().wakeUps == before)
        {
            engine.gather(engine.now() + 1h);
        }
    }
}

TEST_F(SmallRings, wakeUpBeforeTheGatheringEndsIt)
{
    for (int round = 0; round < 200; ++round)
    {
        const auto before = engine.statistics().wakeUps;
        wake();
        while (engine.statistics().wakeUps == before)
        {
            engine.gather(engine.now() + 1h);
        }
    }
}

TEST_F(SmallRings, gatheringWithFullQueuesLosesNothing)
{
    const auto pairs = socketPairs(100);
    std::deque<Receive> receives;
    for (const auto& pair : pairs)
    {
        engine.start(receives.emplace_back(pair.first.get()));
        ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
        wake();
    }
    const auto ended = [&receives]
    {
        return std::ranges::all_of(receives,
                                   [](const Receive& receive)
                                   {
                                       return receive.completionCount == 1;
                                   });
    };
    while (!ended())
    {
        engine.gather(engine.now() + 10ms);
    }
}

TEST_F(SmallRings, whatMustNotWaitIsDoneAtOnce)
{
    const auto pair = socketPair();
    Receive receive(pair.first.get());
    receive.flags = MSG_DONTWAIT;
    EXPECT_EQ(engine.tryAtOnce(receive), -EAGAIN);
    ASSERT_EQ(::write(pair.second.get(), "abc", 3), 3);
    EXPECT_EQ(engine.tryAtOnce(receive), 3);
    EXPECT_EQ(receive.completionCount, 0) << "it was never started";
    EXPECT_EQ(engine.statistics().atOnce, 2U);
}

TEST_F(SmallRings, pollWithNothingToDoMakesNoSystemCall)
{
    engine.poll();
    const auto before = engine.statistics().systemCalls;
    for (int turn = 0; turn < 100; ++turn)
    {
        engine.poll();
    }
    EXPECT_EQ(engine.statistics().systemCalls, before);
}

TEST(SmallRingsUnderIo, thousandsOfCallsAtOnceAllSucceed)
{
    auto options = smallRuntime();
    options.submissionEntries = 2;
    options.completionEntries = 2;
    Runtime runtime(options);
    const auto pairs = socketPairs(200);
    std::atomic<int> echoed = 0;
    FiberGroup group;
    for (const auto& pair : pairs)
    {
        runtime.spawn(group, {},
                      [&pair]
                      {
                          for (int round = 0; round < 20; ++round)
                          {
                              (void)io::send(pair.first.get(), bytesOf("ping"));
                          }
                          (void)io::shutdown(pair.first.get(), SHUT_WR);
                      });
        runtime.spawn(group, {},
                      [&]
                      {
                          std::array<std::byte, 7> buffer;
                          for (;;)
                          {
                              const auto received = io::recv(pair.second.get(), buffer);
                              if (!received || *received == 0)
                              {
                                  return;
                              }
                              echoed += static_cast<int>(*received);
                          }
                      });
    }
    group.joinAll();
    EXPECT_EQ(echoed.load(), 200 * 20 * 4);
}

} // namespace weft
