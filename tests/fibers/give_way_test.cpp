#include <weft/fibers/fiber.hpp>
#include <weft/fibers/fiber_group.hpp>
#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/runtime.hpp>

#include "tests/support/runtime.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using namespace weft;

namespace weft
{

namespace
{

class GiveWayTest : public testing::Test
{
protected:
    Runtime runtime{smallRuntime()};
};

/// Gives way `count` times and writes its letter before each.
Fiber givesWay(std::string& order, char letter, int count, bool keepsPlace)
{
    return spawn({.name = "letters"},
                 [&order, letter, count, keepsPlace]
                 {
                     for (int left = count; left > 0; --left)
                     {
                         order += letter;
                         this_fiber::giveWay(keepsPlace);
                     }
                 });
}

Fiber yields(std::string& order, char letter, int count)
{
    return spawn({.name = "letters"},
                 [&order, letter, count]
                 {
                     for (int left = count; left > 0; --left)
                     {
                         order += letter;
                         this_fiber::yield();
                     }
                 });
}

} // namespace

TEST_F(GiveWayTest, aFiberThatGivesWayStandsBehindThoseThatYield)
{
    std::string order;
    onFiber(runtime,
            [&]
            {
                auto way = givesWay(order, 'w', 3, false);
                auto first = yields(order, 'a', 3);
                auto second = yields(order, 'b', 3);
                way.join();
                first.join();
                second.join();
            });
    EXPECT_EQ(order, "wabababww");
}

TEST_F(GiveWayTest, thoseThatGiveWayTakeTurns)
{
    std::string order;
    onFiber(runtime,
            [&]
            {
                auto first = givesWay(order, 'a', 3, false);
                auto second = givesWay(order, 'b', 3, false);
                first.join();
                second.join();
            });
    EXPECT_EQ(order, "ababab");
}

/// The first time, nobody has a place to keep.
TEST_F(GiveWayTest, whoKeepsItsPlaceGoesOnBeforeOthersThatGiveWay)
{
    std::string order;
    onFiber(runtime,
            [&]
            {
                auto first = givesWay(order, 'a', 3, true);
                auto second = givesWay(order, 'b', 3, true);
                first.join();
                second.join();
            });
    EXPECT_EQ(order, "abaabb");
}

/// Alone, and for long: the loop has its turns all the same.
TEST_F(GiveWayTest, timersAreServedWhileOneKeepsItsPlace)
{
    onFiber(runtime,
            []
            {
                bool slept = false;
                auto sleeper = spawn({.name = "sleeper"},
                                     [&]
                                     {
                                         slept = io::sleepFor(1ms).has_value();
                                     });
                while (!slept)
                {
                    this_fiber::giveWay(true);
                }
                sleeper.join();
            });
}

/// One yields and has only such before it as give way.
TEST_F(GiveWayTest, whoYieldsAloneGoesOnBeforeThoseThatGiveWay)
{
    std::string order;
    onFiber(runtime,
            [&]
            {
                auto way = givesWay(order, 'w', 2, true);
                auto yielding = yields(order, 'y', 3);
                way.join();
                yielding.join();
            });
    EXPECT_EQ(order, "wyyyw");
}

/// Two that yield are always ready; the one that gives way has its turn nevertheless.
TEST_F(GiveWayTest, isNotStarvedByFibersThatAlwaysYield)
{
    int turns = 0;
    onFiber(runtime,
            [&]
            {
                const auto yieldForLong = [&]
                {
                    while (turns < 10)
                    {
                        this_fiber::yield();
                    }
                };
                auto first = spawn({.name = "first"}, yieldForLong);
                auto second = spawn({.name = "second"}, yieldForLong);
                for (; turns < 10; ++turns)
                {
                    this_fiber::giveWay(turns % 2 == 0);
                }
                first.join();
                second.join();
            });
    EXPECT_EQ(turns, 10);
}

/// More than the queue's first ring, put at its front and at its back.
TEST_F(GiveWayTest, manyGiveWay)
{
    constexpr int Fibers = 1000;
    constexpr int Turns = 10;
    int turns = 0;
    onFiber(runtime,
            [&]
            {
                FiberGroup group;
                for (int index = 0; index < Fibers; ++index)
                {
                    runtime.spawn(group, {.name = "way"},
                                  [&turns, index]
                                  {
                                      for (int left = Turns; left > 0; --left)
                                      {
                                          ++turns;
                                          this_fiber::giveWay((index + left) % 3 == 0);
                                      }
                                  });
                }
                group.joinAll();
            });
    EXPECT_EQ(turns, Fibers * Turns);
}

TEST_F(GiveWayTest, onAPlainThreadItIsAYield)
{
    this_fiber::giveWay(true);
    this_fiber::giveWay(false);
}

} // namespace weft
