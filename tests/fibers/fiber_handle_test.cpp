#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/runtime.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <utility>

namespace weft
{

namespace
{

/// Sleeps until it is stopped, and says so.
auto sleeper(std::atomic<bool>& wasStopped)
{
    return [&wasStopped]
    {
        wasStopped = io::sleepUntil(NoDeadline).error() == IoError::Stopped;
    };
}

} // namespace

TEST(FiberHandle, emptyOneIsNotJoinable)
{
    EXPECT_FALSE(Fiber().joinable());
}

TEST(FiberHandle, isJoinableUntilJoined)
{
    Runtime runtime(smallRuntime());
    auto fiber = runtime.spawn({}, [] {});
    const bool before = fiber.joinable();
    fiber.join();
    EXPECT_TRUE(before && !fiber.joinable());
}

TEST(FiberHandle, destructorStopsTheFiber)
{
    Runtime runtime(smallRuntime());
    std::atomic<bool> wasStopped = false;
    {
        const auto fiber = runtime.spawn({}, sleeper(wasStopped));
    }
    EXPECT_TRUE(wasStopped);
}

TEST(FiberHandle, destructorDropsAnException)
{
    Runtime runtime(smallRuntime());
    EXPECT_NO_THROW(runtime.spawn({},
                                  []
                                  {
                                      throw std::runtime_error("nobody asks");
                                  }));
}

TEST(FiberHandle, joinRethrowsWhatEscaped)
{
    Runtime runtime(smallRuntime());
    auto fiber = runtime.spawn({},
                               []
                               {
                                   throw std::out_of_range("escaped");
                               });
    EXPECT_THROW(fiber.join(), std::out_of_range);
}

TEST(FiberHandle, joinOnAFiberRethrowsAcrossReactors)
{
    Runtime runtime(smallRuntime(2));
    const auto joinInner = []
    {
        spawn({.reactor = 1},
              []
              {
                  throw std::out_of_range("escaped");
              })
            .join();
    };
    EXPECT_THROW(onFiber(runtime, joinInner), std::out_of_range);
}

TEST(FiberHandle, joinIsNotCutShortByAStopOfTheJoiner)
{
    Runtime runtime(smallRuntime());
    std::atomic<bool> innerEnded = false;
    std::atomic<bool> endedFirst = false;
    auto joiner = runtime.spawn(testFiber("joiner"),
                                [&]
                                {
                                    auto inner = spawn({.name = "inner"},
                                                       [&innerEnded]
                                                       {
                                                           for (int turn = 0; turn < 1000; ++turn)
                                                           {
                                                               this_fiber::yield();
                                                           }
                                                           innerEnded = true;
                                                       });
                                    inner.join();
                                    endedFirst = innerEnded.load();
                                });
    joiner.requestStop();
    joiner.join();
    EXPECT_TRUE(endedFirst);
}

TEST(FiberHandle, movedHandleJoinsTheSameFiber)
{
    Runtime runtime(smallRuntime());
    bool ran = false;
    auto fiber = runtime.spawn({},
                               [&ran]
                               {
                                   ran = true;
                               });
    auto moved = std::move(fiber);
    moved.join();
    EXPECT_TRUE(ran);
}

TEST(FiberHandle, moveAssignmentStopsTheFiberThatWasHeld)
{
    Runtime runtime(smallRuntime());
    std::atomic<bool> wasStopped = false;
    auto fiber = runtime.spawn({}, sleeper(wasStopped));
    fiber = Fiber();
    EXPECT_TRUE(wasStopped);
}

TEST(FiberHandle, moveAssignmentTakesTheOther)
{
    Runtime runtime(smallRuntime());
    Fiber fiber;
    auto other = runtime.spawn({.name = "other"}, [] {});
    fiber = std::move(other);
    EXPECT_EQ(fiber.name(), "other");
}

TEST(FiberHandle, finishedFiberSaysSo)
{
    Runtime runtime(smallRuntime());
    auto fiber = runtime.spawn({.name = "short"}, [] {});
    while (!fiber.hasFinished())
    {
        std::this_thread::yield();
    }
    EXPECT_FALSE(findFiber(runtime, "short").has_value());
}

TEST(FiberHandle, sleepingFiberHasNotFinished)
{
    Runtime runtime(smallRuntime());
    auto fiber = runtime.spawn({},
                               []
                               {
                                   (void)io::sleepUntil(NoDeadline);
                               });
    EXPECT_FALSE(fiber.hasFinished());
}

TEST(FiberHandle, detachedFiberRunsOn)
{
    std::atomic<bool> ran = false;
    {
        Runtime runtime(smallRuntime());
        runtime
            .spawn({},
                   [&ran]
                   {
                       this_fiber::yield();
                       ran = true;
                   })
            .detach();
    }
    EXPECT_TRUE(ran);
}

TEST(FiberHandleDeathTest, exceptionFromADetachedFiberEndsTheProcessAndNamesTheFiber)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            Runtime runtime(smallRuntime());
            runtime
                .spawn({.name = "careless"},
                       []
                       {
                           (void)io::sleepUntil(NoDeadline);
                           throw std::runtime_error("nobody catches");
                       })
                .detach();
            awaitState(runtime, "careless", FiberState::Suspended);
            runtime.shutdown();
        },
        "an exception escaped the detached fiber 'careless'");
}

TEST(FiberHandle, stopBeforeTheFirstRunIsSeenByTheFiber)
{
    Runtime runtime(smallRuntime());
    const bool seen = onFiber(runtime,
                              []
                              {
                                  bool innerSaw = false;
                                  auto inner = spawn({},
                                                     [&innerSaw]
                                                     {
                                                         innerSaw = this_fiber::stopRequested();
                                                     });
                                  // The inner fiber has not run: the reactor is busy with us.
                                  inner.requestStop();
                                  inner.join();
                                  return innerSaw;
                              });
    EXPECT_TRUE(seen);
}

} // namespace weft
