#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <boost/fiber/operations.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <thread>

/// \file
/// Fibers that are always ready must not keep anything else from being served. What is starved
/// would hang its test.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

class AmongFibersThatAlwaysYield : public testing::TestWithParam<int>
{
protected:
    void SetUp() override
    {
        for (int index = 0; index < GetParam(); ++index)
        {
            runtime.spawn(yielders, {.name = "yielder"},
                          []
                          {
                              while (!this_fiber::stopRequested())
                              {
                                  this_fiber::yield();
                              }
                          });
        }
    }

    Runtime runtime{smallRuntime()};
    FiberGroup yielders;
};

} // namespace

TEST_P(AmongFibersThatAlwaysYield, sleepEnds)
{
    EXPECT_TRUE(onFiber(runtime,
                        []
                        {
                            return io::sleepFor(2ms).has_value();
                        }));
}

TEST_P(AmongFibersThatAlwaysYield, boostSleepEnds)
{
    EXPECT_NO_THROW(onFiber(runtime,
                            []
                            {
                                boost::this_fiber::sleep_for(2ms);
                            }));
}

TEST_P(AmongFibersThatAlwaysYield, dataArrives)
{
    const auto pair = socketPair();
    const std::jthread sender(
        [&pair]
        {
            (void)io::send(pair.second.get(), bytesOf("late"), 0);
        });
    std::array<std::byte, 16> buffer;
    EXPECT_EQ(onFiber(runtime,
                      [&]
                      {
                          return io::recv(pair.first.get(), buffer).value();
                      }),
              4U);
}

TEST_P(AmongFibersThatAlwaysYield, deadlineExpires)
{
    const auto pair = socketPair();
    std::array<std::byte, 16> buffer;
    const auto error =
        onFiber(runtime,
                [&]
                {
                    return io::recv(pair.first.get(), buffer, 0, io::after(2ms)).error();
                });
    EXPECT_EQ(error, IoError::DeadlineExpired);
}

TEST_P(AmongFibersThatAlwaysYield, spawnFromAThreadStarts)
{
    EXPECT_NO_THROW(runtime.spawn({}, [] {}).join());
}

TEST_P(AmongFibersThatAlwaysYield, stopArrives)
{
    auto sleeper = runtime.spawn({},
                                 []
                                 {
                                     (void)io::sleepUntil(NoDeadline);
                                 });
    sleeper.requestStop();
    EXPECT_NO_THROW(sleeper.join());
}

INSTANTIATE_TEST_SUITE_P(One, AmongFibersThatAlwaysYield, testing::Values(1));
INSTANTIATE_TEST_SUITE_P(Many, AmongFibersThatAlwaysYield, testing::Values(300));

TEST(Fairness, fibersThatAlwaysSpawnDoNotStarveAReceiver)
{
    Runtime runtime(smallRuntime());
    FiberGroup spawners;
    runtime.spawn(spawners, testFiber("spawner"),
                  []
                  {
                      while (!this_fiber::stopRequested())
                      {
                          spawn({}, [] {}).join();
                      }
                  });
    const auto pair = socketPair();
    const std::jthread sender(
        [&pair]
        {
            (void)io::send(pair.second.get(), bytesOf("late"), 0);
        });
    std::array<std::byte, 16> buffer;
    EXPECT_EQ(onFiber(runtime,
                      [&]
                      {
                          return io::recv(pair.first.get(), buffer).value();
                      }),
              4U);
}

TEST(Fairness, aFloodOfSmallFibersMustNotStarveALargeOne)
{
    /// Leaves a successor behind, so that the queue for small stacks is never empty.
    struct Link
    {
        Runtime& runtime;
        FiberGroup& chains;

        void operator()() const
        {
            if (!this_fiber::stopRequested())
            {
                runtime.spawn(chains, {}, *this);
            }
        }
    };

    Runtime runtime(smallRuntime());
    FiberGroup chains;
    for (std::uint32_t chain = 0; chain < 4 * Scheduler::StartsPerTurn; ++chain)
    {
        runtime.spawn(chains, {}, Link{runtime, chains});
    }
    EXPECT_NO_THROW(runtime.spawn({.stack = StackClass::Large}, [] {}).join());
}

} // namespace weft
