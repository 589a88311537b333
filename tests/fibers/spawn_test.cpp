#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/runtime.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace weft
{

namespace
{

/// A runtime whose one reactor has room for this many fibers, `stacks` of them started.
RuntimeOptions runtimeWithStacks(std::uint32_t stacks, std::uint32_t spawnQueue)
{
    auto options = smallRuntime();
    options.stacksPerReactor = {stacks, 1, 1};
    options.spawnQueuePerReactor = spawnQueue;
    return options;
}

} // namespace

TEST(Spawn, fiberKnowsItsName)
{
    Runtime runtime(smallRuntime());
    EXPECT_EQ(onFiber(
                  runtime,
                  []
                  {
                      return std::string(this_fiber::name());
                  },
                  testFiber("amber")),
              "amber");
}

TEST(Spawn, longNameIsCutAndNotRefused)
{
    Runtime runtime(smallRuntime());
    const std::string longName(100, 'n');
    EXPECT_EQ(onFiber(
                  runtime,
                  []
                  {
                      return std::string(this_fiber::name());
                  },
                  testFiber(longName)),
              std::string(FiberRecord::NameBytesMax, 'n'));
}

TEST(Spawn, fiberKnowsTheIdThatItsHandleHas)
{
    Runtime runtime(smallRuntime());
    FiberId inside = 0;
    auto fiber = runtime.spawn(testFiber(),
                               [&inside]
                               {
                                   inside = this_fiber::id();
                               });
    const auto outside = fiber.id();
    fiber.join();
    EXPECT_EQ(inside, outside);
}

TEST(Spawn, idsAreNotReused)
{
    Runtime runtime(smallRuntime());
    const auto first = onFiber(runtime,
                               []
                               {
                                   return this_fiber::id();
                               });
    const auto second = onFiber(runtime,
                                []
                                {
                                    return this_fiber::id();
                                });
    EXPECT_LT(first, second);
}

TEST(Spawn, fiberRunsOnTheReactorThatIsAskedFor)
{
    Runtime runtime(smallRuntime(2));
    const auto index = onFiber(
        runtime,
        []
        {
            return Reactor::current()->index();
        },
        testFiber("test", 1));
    EXPECT_EQ(index, 1U);
}

TEST(Spawn, fiberOfAFiberRunsOnTheSameReactor)
{
    Runtime runtime(smallRuntime(2));
    const auto index = onFiber(
        runtime,
        []
        {
            std::size_t inner = 99;
            spawn({.name = "inner"},
                  [&inner]
                  {
                      inner = Reactor::current()->index();
                  })
                .join();
            return inner;
        },
        testFiber("outer", 1));
    EXPECT_EQ(index, 1U);
}

TEST(Spawn, plainThreadSpawnsOnEachReactorInTurn)
{
    Runtime runtime(smallRuntime(2));
    std::array<std::atomic<int>, 2> fibersOn{};
    for (int count = 0; count < 10; ++count)
    {
        runtime
            .spawn({},
                   [&fibersOn]
                   {
                       ++fibersOn[Reactor::current()->index()];
                   })
            .join();
    }
    EXPECT_EQ(fibersOn[0].load(), fibersOn[1].load());
}

TEST(Spawn, fiberMaySpawnOnAnotherReactorAndJoin)
{
    Runtime runtime(smallRuntime(2));
    const auto index = onFiber(runtime,
                               []
                               {
                                   std::size_t inner = 99;
                                   spawn({.reactor = 1},
                                         [&inner]
                                         {
                                             inner = Reactor::current()->index();
                                         })
                                       .join();
                                   return inner;
                               });
    EXPECT_EQ(index, 1U);
}

TEST(Spawn, reactorThatDoesNotExistIsRefusedWithTheRange)
{
    Runtime runtime(smallRuntime(2));
    try
    {
        runtime.spawn({.reactor = 2}, [] {});
        FAIL() << "not refused";
    }
    catch (const InvalidOption& error)
    {
        EXPECT_STREQ(error.what(), "option reactor is 2; allowed: 0 to 1");
    }
}

TEST(Spawn, withoutRuntimeIsALogicError)
{
    EXPECT_THROW(spawn({}, [] {}), std::logic_error);
}

TEST(Spawn, callableThatTakesAStopTokenIsGivenTheFibersOwn)
{
    Runtime runtime(smallRuntime());
    std::atomic<bool> begun = false;
    std::atomic<bool> tokenStopped = false;
    auto fiber = runtime.spawn(testFiber(),
                               [&](const std::stop_token& token)
                               {
                                   begun = true;
                                   begun.notify_all();
                                   (void)io::sleepUntil(NoDeadline);
                                   tokenStopped = token.stop_requested();
                               });
    begun.wait(false);
    fiber.requestStop();
    fiber.join();
    EXPECT_TRUE(tokenStopped);
}

TEST(Spawn, callableIsDestroyedWhenTheFiberEnds)
{
    Runtime runtime(smallRuntime());
    const auto witness = std::make_shared<int>(0);
    auto fiber = runtime.spawn(testFiber(), [witness] {});
    fiber.join();
    EXPECT_EQ(witness.use_count(), 1);
}

TEST(Spawn, throwingCopyOfTheCallableGivesTheRecordBack)
{
    struct ThrowsWhenCopied
    {
        ThrowsWhenCopied() = default;

        ThrowsWhenCopied(const ThrowsWhenCopied&)
        {
            throw std::runtime_error("copied");
        }

        void operator()() const
        {
        }
    };

    Runtime runtime(runtimeWithStacks(1, 1)); // four records
    const ThrowsWhenCopied callable;
    for (int attempt = 0; attempt < 100; ++attempt)
    {
        EXPECT_THROW(runtime.spawn({}, callable), std::runtime_error);
    }
    EXPECT_NO_THROW(runtime.spawn({}, [] {}).join());
}

TEST(Spawn, twentyThousandFibersShareAThousandStacks)
{
    Runtime runtime(runtimeWithStacks(1000, 20'000));
    std::atomic<int> ran = 0;
    FiberGroup group;
    for (int count = 0; count < 20'000; ++count)
    {
        runtime.spawn(group, {},
                      [&ran]
                      {
                          this_fiber::yield();
                          ++ran;
                      });
    }
    group.joinAll();
    EXPECT_EQ(ran.load(), 20'000);
}

TEST(Spawn, noMoreFibersStartThanThereAreStacks)
{
    Runtime runtime(runtimeWithStacks(10, 90));
    std::atomic<int> running = 0;
    std::atomic<int> most = 0;
    FiberGroup group;
    for (int count = 0; count < 100; ++count)
    {
        runtime.spawn(group, {},
                      [&]
                      {
                          most = std::max(most.load(), ++running);
                          for (int turn = 0; turn < 100; ++turn)
                          {
                              this_fiber::yield();
                          }
                          --running;
                      });
    }
    group.joinAll();
    EXPECT_EQ(most.load(), 10);
}

TEST(Spawn, fibersThatWaitForAStackOfOneClassDoNotHoldUpAnother)
{
    Runtime runtime(runtimeWithStacks(1, 10));
    auto holder = runtime.spawn({.name = "holder"},
                                []
                                {
                                    (void)io::sleepUntil(NoDeadline);
                                });
    awaitState(runtime, "holder", FiberState::Suspended);
    auto queued = runtime.spawn({.name = "queued"}, [] {});
    EXPECT_TRUE(onFiber(runtime,
                        []
                        {
                            return true;
                        }));
    holder.requestStop();
    queued.join();
}

TEST(Spawn, whenAllRecordsAreInUseTheErrorSaysSo)
{
    Runtime runtime(runtimeWithStacks(1, 1)); // four records
    std::vector<Fiber> fibers;
    for (int count = 0; count < 4; ++count)
    {
        fibers.push_back(runtime.spawn({},
                                       []
                                       {
                                           (void)io::sleepUntil(NoDeadline);
                                       }));
    }
    try
    {
        runtime.spawn({.name = "surplus"}, [] {});
        FAIL() << "not refused";
    }
    catch (const std::system_error& error)
    {
        EXPECT_NE(std::string(error.what())
                      .find("cannot spawn fiber 'surplus': all 4 fiber records of reactor 0 are in "
                            "use; raise the number of stacks or spawn fewer fibers"),
                  std::string::npos)
            << error.what();
    }
}

TEST(Spawn, errorOfExhaustionIsResourceUnavailable)
{
    Runtime runtime(runtimeWithStacks(1, 1));
    std::vector<Fiber> fibers;
    std::error_code code;
    try
    {
        for (;;)
        {
            fibers.push_back(runtime.spawn({},
                                           []
                                           {
                                               (void)io::sleepUntil(NoDeadline);
                                           }));
        }
    }
    catch (const std::system_error& error)
    {
        code = error.code();
    }
    EXPECT_EQ(code, std::errc::resource_unavailable_try_again);
}

TEST(Spawn, recordsAreReusedWhenTheirHandlesGo)
{
    Runtime runtime(runtimeWithStacks(1, 1));
    int ran = 0;
    for (int count = 0; count < 1000; ++count)
    {
        runtime
            .spawn({},
                   [&ran]
                   {
                       ++ran;
                   })
            .join();
    }
    EXPECT_EQ(ran, 1000);
}

TEST(Spawn, manyThreadsSpawnAtOnce)
{
    Runtime runtime(smallRuntime(2));
    std::atomic<int> ran = 0;
    {
        std::vector<std::jthread> threads;
        for (int index = 0; index < 4; ++index)
        {
            threads.emplace_back(
                [&]
                {
                    for (int count = 0; count < 1000; ++count)
                    {
                        runtime
                            .spawn({},
                                   [&ran]
                                   {
                                       ++ran;
                                   })
                            .join();
                    }
                });
        }
    }
    EXPECT_EQ(ran.load(), 4000);
}

} // namespace weft
