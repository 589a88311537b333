#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/runtime.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

void sleepUntilStopped()
{
    (void)io::sleepUntil(NoDeadline);
}

class Registry : public testing::Test
{
protected:
    static RuntimeOptions options()
    {
        auto small = smallRuntime(2);
        small.stacksPerReactor = {1, 4, 4};
        return small;
    }

    /// The registry's line of a fiber once it is in that state.
    FiberInfo lineOf(std::string_view name, FiberState state) const
    {
        awaitState(runtime, name, state);
        return findFiber(runtime, name).value();
    }

    Runtime runtime{options()};
};

} // namespace

TEST_F(Registry, isEmptyWithoutFibers)
{
    EXPECT_TRUE(runtime.fibers().empty());
}

TEST_F(Registry, listsAFiberWithTheIdOfItsHandle)
{
    const auto fiber = runtime.spawn({.name = "sleeper"}, sleepUntilStopped);
    EXPECT_EQ(lineOf("sleeper", FiberState::Suspended).id, fiber.id());
}

TEST_F(Registry, listsTheReactor)
{
    const auto fiber = runtime.spawn({.name = "sleeper", .reactor = 1}, sleepUntilStopped);
    EXPECT_EQ(lineOf("sleeper", FiberState::Suspended).reactor, 1U);
}

TEST_F(Registry, listsTheStackClass)
{
    const auto fiber =
        runtime.spawn({.name = "sleeper", .stack = StackClass::Large}, sleepUntilStopped);
    EXPECT_EQ(lineOf("sleeper", FiberState::Suspended).stackClass, StackClass::Large);
}

TEST_F(Registry, listsTheStackSize)
{
    const auto fiber =
        runtime.spawn({.name = "sleeper", .stack = StackClass::Medium}, sleepUntilStopped);
    EXPECT_EQ(lineOf("sleeper", FiberState::Suspended).stackSizeBytes,
              stackSizeBytes(StackClass::Medium));
}

TEST_F(Registry, countsWhatASuspendedFiberHasOnItsStack)
{
    const auto fiber = runtime.spawn({.name = "sleeper", .stack = StackClass::Large},
                                     []
                                     {
                                         std::array<volatile std::byte, 100'000> large;
                                         large[0] = std::byte{1};
                                         sleepUntilStopped();
                                         large[1] = large[0];
                                     });
    EXPECT_GE(lineOf("sleeper", FiberState::Suspended).stackUsedBytes, 100'000U);
}

TEST_F(Registry, listsAFiberWithoutStackAsQueued)
{
    auto holder = runtime.spawn({.name = "holder", .reactor = 0}, sleepUntilStopped);
    awaitState(runtime, "holder", FiberState::Suspended);
    const auto queued = runtime.spawn({.name = "queued", .reactor = 0}, [] {});
    EXPECT_EQ(findFiber(runtime, "queued").value().state, FiberState::Queued);
    // The queue moves on only when the holder's stack is free.
    holder.requestStop();
}

TEST_F(Registry, listsTheFiberThatAsksAsRunning)
{
    const auto state = onFiber(
        runtime,
        [this]
        {
            return findFiber(runtime, "asker").value().state;
        },
        testFiber("asker"));
    EXPECT_EQ(state, FiberState::Running);
}

TEST_F(Registry, listsAFiberThatWaitsForItsTurnAsReady)
{
    const auto state = onFiber(runtime,
                               [this]
                               {
                                   auto other = spawn({.name = "other"},
                                                      []
                                                      {
                                                          for (int turn = 0; turn < 3; ++turn)
                                                          {
                                                              this_fiber::yield();
                                                          }
                                                      });
                                   this_fiber::yield();
                                   this_fiber::yield();
                                   return findFiber(runtime, "other").value().state;
                               });
    EXPECT_EQ(state, FiberState::Ready);
}

TEST_F(Registry, timeInStateGrowsWhileAFiberSleeps)
{
    const auto fiber = runtime.spawn({.name = "sleeper"}, sleepUntilStopped);
    const auto first = lineOf("sleeper", FiberState::Suspended).timeInState;
    FiberInfo later;
    do
    {
        later = findFiber(runtime, "sleeper").value();
    } while (later.timeInState < first + 2ms);
    EXPECT_EQ(later.state, FiberState::Suspended);
}

TEST_F(Registry, forgetsAFiberThatHasEnded)
{
    onFiber(
        runtime, [] {}, testFiber("gone"));
    EXPECT_FALSE(findFiber(runtime, "gone").has_value());
}

TEST_F(Registry, canBeReadWhileFibersComeAndGo)
{
    std::atomic<bool> done = false;
    const std::jthread reader(
        [&]
        {
            while (!done)
            {
                for (const auto& info : runtime.fibers())
                {
                    EXPECT_EQ(info.name, "passing");
                }
            }
        });
    for (int count = 0; count < 2000; ++count)
    {
        runtime
            .spawn({.name = "passing"},
                   []
                   {
                       this_fiber::yield();
                   })
            .join();
    }
    done = true;
}

TEST(FiberStates, haveTheNamesThatOperatorsRead)
{
    EXPECT_EQ(toString(FiberState::Queued), "queued");
    EXPECT_EQ(toString(FiberState::Ready), "ready");
    EXPECT_EQ(toString(FiberState::Running), "running");
    EXPECT_EQ(toString(FiberState::Suspended), "suspended");
    EXPECT_EQ(toString(FiberState::Finished), "finished");
}

} // namespace weft
