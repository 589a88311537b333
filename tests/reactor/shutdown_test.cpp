#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <system_error>
#include <thread>
#include <vector>

namespace weft
{

namespace
{

/// Spawns until the runtime refuses; returns how many ran.
int spawnUntilRefused(Runtime& runtime, std::latch& begun)
{
    std::atomic<int> ran = 0;
    bool first = true;
    for (;;)
    {
        try
        {
            runtime
                .spawn({},
                       [&ran]
                       {
                           ++ran;
                       })
                .join();
        }
        catch (const std::system_error&)
        {
            return ran;
        }
        if (std::exchange(first, false))
        {
            begun.count_down();
        }
    }
}

} // namespace

TEST(Shutdown, stopsFibersThatWait)
{
    Runtime runtime(smallRuntime(2));
    const auto pair = socketPair();
    std::error_code error;
    auto fiber = runtime.spawn(testFiber("receiver"),
                               [&]
                               {
                                   std::array<std::byte, 16> buffer;
                                   error = errorOf(io::recv(pair.first.get(), buffer));
                               });
    awaitState(runtime, "receiver", FiberState::Suspended);
    runtime.shutdown();
    fiber.join();
    EXPECT_EQ(error, IoError::Stopped);
}

TEST(Shutdown, waitsForFibersToCleanUp)
{
    Runtime runtime(smallRuntime());
    std::atomic<bool> cleanedUp = false;
    runtime
        .spawn({},
               [&cleanedUp]
               {
                   (void)io::sleepUntil(NoDeadline);
                   const StopShield shield;
                   (void)io::sleepFor(std::chrono::milliseconds(2));
                   cleanedUp = true;
               })
        .detach();
    runtime.shutdown();
    EXPECT_TRUE(cleanedUp);
}

TEST(Shutdown, twiceIsOnce)
{
    Runtime runtime(smallRuntime());
    runtime.shutdown();
    EXPECT_NO_THROW(runtime.shutdown());
}

TEST(Shutdown, isVisible)
{
    Runtime runtime(smallRuntime());
    const bool before = runtime.isShuttingDown();
    runtime.shutdown();
    EXPECT_TRUE(!before && runtime.isShuttingDown());
}

TEST(Shutdown, fromManyThreadsAtOnceEndsForAll)
{
    Runtime runtime(smallRuntime(2));
    std::atomic<bool> ended = false;
    runtime
        .spawn({},
               [&ended]
               {
                   (void)io::sleepUntil(NoDeadline);
                   ended = true;
               })
        .detach();
    std::atomic<int> returnedTooEarly = 0;
    {
        std::vector<std::jthread> threads;
        for (int index = 0; index < 4; ++index)
        {
            threads.emplace_back(
                [&]
                {
                    runtime.shutdown();
                    returnedTooEarly += ended ? 0 : 1;
                });
        }
    }
    EXPECT_EQ(returnedTooEarly.load(), 0);
}

TEST(Shutdown, fromAFiberReturnsAndStopsAll)
{
    Runtime runtime(smallRuntime(2));
    std::error_code error;
    auto sleeper = runtime.spawn(testFiber("sleeper", 1),
                                 [&error]
                                 {
                                     error = errorOf(io::sleepUntil(NoDeadline));
                                 });
    onFiber(runtime,
            [&runtime]
            {
                runtime.shutdown();
            });
    sleeper.join();
    EXPECT_EQ(error, IoError::Stopped);
}

TEST(Shutdown, afterwardsSpawningIsRefusedWithItsCause)
{
    Runtime runtime(smallRuntime());
    runtime.shutdown();
    try
    {
        runtime.spawn({.name = "late"}, [] {});
        FAIL() << "not refused";
    }
    catch (const std::system_error& error)
    {
        EXPECT_TRUE(std::string(error.what())
                        .starts_with("cannot spawn fiber 'late': the runtime shuts down"))
            << error.what();
    }
}

TEST(Shutdown, fiberSpawnedMeanwhileIsBornStopped)
{
    Runtime runtime(smallRuntime());
    std::atomic<bool> bornStopped = false;
    runtime
        .spawn(testFiber(),
               [&bornStopped]
               {
                   (void)io::sleepUntil(NoDeadline);
                   spawn({},
                         [&bornStopped]
                         {
                             bornStopped = this_fiber::stopRequested();
                         })
                       .join();
               })
        .detach();
    runtime.shutdown();
    EXPECT_TRUE(bornStopped);
}

TEST(Shutdown, whileThreadsSpawnMustNotHangOrTouchFreedRecords)
{
    int ran = 0;
    for (int round = 0; round < 100; ++round)
    {
        Runtime runtime(smallRuntime(2));
        std::latch begun(2);
        std::atomic<int> spawned = 0;
        std::vector<std::jthread> spawners;
        for (int index = 0; index < 2; ++index)
        {
            spawners.emplace_back(
                [&]
                {
                    spawned += spawnUntilRefused(runtime, begun);
                });
        }
        begun.wait();
        runtime.shutdown();
        spawners.clear();
        ran += spawned;
    }
    EXPECT_GE(ran, 200);
}

TEST(Shutdown, whileFibersEndMustNotTouchFreedRecords)
{
    int rounds = 0;
    for (; rounds < 100; ++rounds)
    {
        Runtime runtime(smallRuntime(2));
        for (int index = 0; index < 50; ++index)
        {
            runtime
                .spawn({},
                       []
                       {
                           this_fiber::yield();
                       })
                .detach();
        }
        runtime.shutdown();
    }
    EXPECT_EQ(rounds, 100);
}

TEST(Shutdown, withFibersThatWaitForAStackRunsEach)
{
    auto options = smallRuntime();
    options.stacksPerReactor = {1, 1, 1};
    options.spawnQueuePerReactor = 1000;
    std::atomic<int> ran = 0;
    {
        Runtime runtime(options);
        for (int index = 0; index < 500; ++index)
        {
            runtime
                .spawn({},
                       [&ran]
                       {
                           (void)io::sleepUntil(NoDeadline);
                           ++ran;
                       })
                .detach();
        }
    }
    EXPECT_EQ(ran.load(), 500);
}

TEST(Shutdown, endsAThousandFibersThatReceive)
{
    auto options = smallRuntime(2);
    options.stacksPerReactor[0] = 2000;
    Runtime runtime(options);
    std::vector<DescriptorPair> pairs;
    std::atomic<int> stopped = 0;
    for (int index = 0; index < 1000; ++index)
    {
        pairs.push_back(socketPair());
        runtime
            .spawn({},
                   [&stopped, socket = pairs.back().first.get()]
                   {
                       std::array<std::byte, 16> buffer;
                       if (io::recv(socket, buffer) == std::unexpected(IoError::Stopped))
                       {
                           ++stopped;
                       }
                   })
            .detach();
    }
    runtime.shutdown();
    EXPECT_EQ(stopped.load(), 1000);
}

} // namespace weft
