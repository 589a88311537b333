#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

} // namespace

TEST(Stop, isNotRequestedOfAFreshFiber)
{
    Runtime runtime(smallRuntime());
    EXPECT_FALSE(onFiber(runtime,
                         []
                         {
                             return this_fiber::stopRequested();
                         }));
}

TEST(Stop, isNeverRequestedOfAPlainThread)
{
    EXPECT_FALSE(this_fiber::stopRequested());
}

TEST(Stop, twiceIsOnce)
{
    Runtime runtime(smallRuntime());
    auto fiber = runtime.spawn({},
                               []
                               {
                                   (void)io::sleepUntil(NoDeadline);
                               });
    fiber.requestStop();
    fiber.requestStop();
    EXPECT_NO_THROW(fiber.join());
}

TEST(Stop, ofAFinishedFiberDoesNothing)
{
    Runtime runtime(smallRuntime());
    auto fiber = runtime.spawn({}, [] {});
    while (!fiber.hasFinished())
    {
        std::this_thread::yield();
    }
    fiber.requestStop();
    EXPECT_NO_THROW(fiber.join());
}

TEST(Stop, staysForEveryLaterCall)
{
    Runtime runtime(smallRuntime());
    int stoppedCalls = 0;
    auto fiber = runtime.spawn(testFiber(),
                               [&stoppedCalls]
                               {
                                   for (int call = 0; call < 3; ++call)
                                   {
                                       if (errorOf(io::sleepUntil(NoDeadline)) == IoError::Stopped)
                                       {
                                           ++stoppedCalls;
                                       }
                                   }
                               });
    fiber.requestStop();
    fiber.join();
    EXPECT_EQ(stoppedCalls, 3);
}

TEST(Stop, ofAnExternalTokenReachesTheFiber)
{
    Runtime runtime(smallRuntime());
    std::stop_source source;
    std::error_code error;
    auto options = testFiber("follower");
    options.stop = source.get_token();
    auto fiber = runtime.spawn(options,
                               [&error]
                               {
                                   error = errorOf(io::sleepUntil(NoDeadline));
                               });
    awaitState(runtime, "follower", FiberState::Suspended);
    source.request_stop();
    fiber.join();
    EXPECT_EQ(error, IoError::Stopped);
}

TEST(Stop, ofATokenStoppedBeforehandIsSeenAtOnce)
{
    Runtime runtime(smallRuntime());
    std::stop_source source;
    source.request_stop();
    auto options = testFiber();
    options.stop = source.get_token();
    EXPECT_TRUE(onFiber(
        runtime,
        []
        {
            return this_fiber::stopRequested();
        },
        options));
}

TEST(Stop, ofATokenThatOutlivesTheFiberDoesNothing)
{
    Runtime runtime(smallRuntime());
    std::stop_source source;
    auto options = testFiber();
    options.stop = source.get_token();
    onFiber(
        runtime, [] {}, options);
    EXPECT_TRUE(source.request_stop());
}

TEST(Stop, mustNotEndACallBeforeTheCallbacksOfTheFibersTokenHaveRun)
{
    Runtime runtime(smallRuntime());
    std::atomic<bool> called = false;
    auto fiber = runtime.spawn(testFiber("owner"),
                               [&called]
                               {
                                   const std::stop_callback callback(this_fiber::stopToken(),
                                                                     [&called]
                                                                     {
                                                                         called = true;
                                                                     });
                                   (void)io::sleepUntil(NoDeadline);
                               });
    awaitState(runtime, "owner", FiberState::Suspended);
    fiber.requestStop();
    fiber.join();
    EXPECT_TRUE(called);
}

TEST(Stop, isInATokenTakenAfterwards)
{
    Runtime runtime(smallRuntime());
    bool stopped = false;
    auto fiber = runtime.spawn(testFiber(),
                               [&stopped]
                               {
                                   (void)io::sleepUntil(NoDeadline);
                                   stopped = this_fiber::stopToken().stop_requested();
                               });
    fiber.requestStop();
    fiber.join();
    EXPECT_TRUE(stopped);
}

TEST(StopShield, hidesTheStop)
{
    Runtime runtime(smallRuntime());
    bool sleptUndisturbed = false;
    auto fiber = runtime.spawn(testFiber(),
                               [&sleptUndisturbed]
                               {
                                   (void)io::sleepUntil(NoDeadline);
                                   const StopShield shield;
                                   sleptUndisturbed = io::sleepFor(1ms).has_value() &&
                                                      !this_fiber::stopRequested();
                               });
    fiber.requestStop();
    fiber.join();
    EXPECT_TRUE(sleptUndisturbed);
}

TEST(StopShield, hidesAStopThatComesDuringTheCall)
{
    Runtime runtime(smallRuntime());
    bool sleptUndisturbed = false;
    auto fiber = runtime.spawn(testFiber("shielded"),
                               [&sleptUndisturbed]
                               {
                                   const StopShield shield;
                                   sleptUndisturbed = io::sleepFor(50ms).has_value();
                               });
    awaitState(runtime, "shielded", FiberState::Suspended);
    fiber.requestStop();
    fiber.join();
    EXPECT_TRUE(sleptUndisturbed);
}

TEST(StopShield, showsTheStopAgainWhenItEnds)
{
    Runtime runtime(smallRuntime());
    std::error_code afterwards;
    auto fiber = runtime.spawn(testFiber("shielded"),
                               [&afterwards]
                               {
                                   {
                                       const StopShield shield;
                                       (void)io::sleepFor(20ms);
                                   }
                                   afterwards = errorOf(io::sleepUntil(NoDeadline));
                               });
    awaitState(runtime, "shielded", FiberState::Suspended);
    fiber.requestStop();
    fiber.join();
    EXPECT_EQ(afterwards, IoError::Stopped);
}

TEST(StopShield, nests)
{
    Runtime runtime(smallRuntime());
    bool hidden = false;
    auto fiber = runtime.spawn(testFiber(),
                               [&hidden]
                               {
                                   (void)io::sleepUntil(NoDeadline);
                                   const StopShield outer;
                                   {
                                       const StopShield inner;
                                   }
                                   hidden = !this_fiber::stopRequested();
                               });
    fiber.requestStop();
    fiber.join();
    EXPECT_TRUE(hidden);
}

TEST(Stop, fromManyThreadsWhileTheFiberEndsHarmsNobody)
{
    Runtime runtime(smallRuntime());
    int rounds = 0;
    for (; rounds < 500; ++rounds)
    {
        std::stop_source source;
        auto options = testFiber();
        options.stop = source.get_token();
        auto fiber = runtime.spawn(options,
                                   []
                                   {
                                       this_fiber::yield();
                                   });
        const std::jthread stopper(
            [&source]
            {
                source.request_stop();
            });
        fiber.requestStop();
        fiber.join();
    }
    EXPECT_EQ(rounds, 500);
}

} // namespace weft
