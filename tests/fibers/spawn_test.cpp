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
#include <utility>
#include <vector>

namespace weft
{

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
