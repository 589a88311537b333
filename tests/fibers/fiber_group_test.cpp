#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/runtime.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

namespace weft
{

TEST(FiberGroup, joinAllOfAnEmptyGroupReturns)
{
    FiberGroup group;
    EXPECT_NO_THROW(group.joinAll());
}

TEST(FiberGroup, joinAllWaitsForEachOnAllReactors)
{
    Runtime runtime(smallRuntime(2));
    std::atomic<int> ended = 0;
    FiberGroup group;
    for (int count = 0; count < 200; ++count)
    {
        runtime.spawn(group, {},
                      [&ended]
                      {
                          this_fiber::yield();
                          ++ended;
                      });
    }
    group.joinAll();
    EXPECT_EQ(ended.load(), 200);
}

TEST(FiberGroup, joinAllOnAFiberWaitsToo)
{
    Runtime runtime(smallRuntime(2));
    const int ended = onFiber(runtime,
                              [&runtime]
                              {
                                  std::atomic<int> count = 0;
                                  FiberGroup group;
                                  for (std::size_t index = 0; index < 20; ++index)
                                  {
                                      runtime.spawn(group, {.reactor = index % 2},
                                                    [&count]
                                                    {
                                                        ++count;
                                                    });
                                  }
                                  group.joinAll();
                                  return count.load();
                              });
    EXPECT_EQ(ended, 20);
}

TEST(FiberGroup, joinAllWaitsForFibersThatItsFibersSpawn)
{
    Runtime runtime(smallRuntime());
    std::atomic<int> ended = 0;
    FiberGroup group;
    runtime.spawn(group, {},
                  [&]
                  {
                      runtime.spawn(group, {},
                                    [&]
                                    {
                                        this_fiber::yield();
                                        ++ended;
                                    });
                      ++ended;
                  });
    group.joinAll();
    EXPECT_EQ(ended.load(), 2);
}

TEST(FiberGroup, joinAllRethrowsTheFirstException)
{
    Runtime runtime(smallRuntime());
    FiberGroup group;
    onFiber(runtime,
            [&]
            {
                // On one reactor they run in this order.
                runtime.spawn(group, {},
                              []
                              {
                                  throw std::runtime_error("first");
                              });
                runtime.spawn(group, {},
                              []
                              {
                                  throw std::runtime_error("second");
                              });
            });
    try
    {
        group.joinAll();
        FAIL() << "nothing thrown";
    }
    catch (const std::runtime_error& error)
    {
        EXPECT_STREQ(error.what(), "first");
    }
}

TEST(FiberGroup, exceptionOfOneDoesNotStopTheOthers)
{
    Runtime runtime(smallRuntime());
    std::atomic<bool> otherEnded = false;
    FiberGroup group;
    runtime.spawn(group, {},
                  []
                  {
                      throw std::runtime_error("one");
                  });
    runtime.spawn(group, {},
                  [&otherEnded]
                  {
                      this_fiber::yield();
                      otherEnded = !this_fiber::stopRequested();
                  });
    EXPECT_THROW(group.joinAll(), std::runtime_error);
    EXPECT_TRUE(otherEnded);
}

TEST(FiberGroup, groupIsUsableAfterAnException)
{
    Runtime runtime(smallRuntime());
    FiberGroup group;
    runtime.spawn(group, {},
                  []
                  {
                      throw std::runtime_error("once");
                  });
    EXPECT_THROW(group.joinAll(), std::runtime_error);
    runtime.spawn(group, {}, [] {});
    EXPECT_NO_THROW(group.joinAll());
}

TEST(FiberGroup, requestStopEndsAllOnAllReactors)
{
    Runtime runtime(smallRuntime(2));
    std::atomic<int> stopped = 0;
    FiberGroup group;
    for (int count = 0; count < 100; ++count)
    {
        runtime.spawn(group, {},
                      [&stopped]
                      {
                          if (io::sleepUntil(NoDeadline).error() == IoError::Stopped)
                          {
                              ++stopped;
                          }
                      });
    }
    group.requestStop();
    group.joinAll();
    EXPECT_EQ(stopped.load(), 100);
}

TEST(FiberGroup, destructorStopsAndJoins)
{
    Runtime runtime(smallRuntime());
    std::atomic<int> stopped = 0;
    {
        FiberGroup group;
        for (int count = 0; count < 10; ++count)
        {
            runtime.spawn(group, {},
                          [&stopped]
                          {
                              (void)io::sleepUntil(NoDeadline);
                              ++stopped;
                          });
        }
    }
    EXPECT_EQ(stopped.load(), 10);
}

TEST(FiberGroup, sizeCountsThoseThatHaveNotEnded)
{
    Runtime runtime(smallRuntime());
    FiberGroup group;
    for (int count = 0; count < 3; ++count)
    {
        runtime.spawn(group, {},
                      []
                      {
                          (void)io::sleepUntil(NoDeadline);
                      });
    }
    EXPECT_EQ(group.size(), 3U);
}

TEST(FiberGroup, refusedSpawnLeavesNobodyToWaitFor)
{
    auto options = smallRuntime();
    options.stacksPerReactor = {1, 1, 1};
    options.spawnQueuePerReactor = 1;
    Runtime runtime(options);
    FiberGroup group;
    try
    {
        for (;;)
        {
            runtime.spawn(group, {},
                          []
                          {
                              (void)io::sleepUntil(NoDeadline);
                          });
        }
    }
    catch (const std::system_error&)
    {
        EXPECT_EQ(group.size(), 4U);
    }
}

TEST(FiberGroup, groupsThatComeAndGoQuicklyAreNotTouchedAfterwards)
{
    Runtime runtime(smallRuntime(2));
    std::atomic<int> ended = 0;
    for (int round = 0; round < 2000; ++round)
    {
        FiberGroup group;
        runtime.spawn(group, {},
                      [&ended]
                      {
                          ++ended;
                      });
        runtime.spawn(group, {},
                      [&ended]
                      {
                          ++ended;
                      });
        group.joinAll();
    }
    EXPECT_EQ(ended.load(), 4000);
}

} // namespace weft
