#include <weft/reactor/io.hpp>
#include <weft/reactor/offload.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/silent_calls.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

/// \file
/// A stop is seen by every call that suspends: before the call, and by one that waits already.

namespace weft
{

namespace
{

std::error_code sleepForAnHour(Deadline)
{
    return errorOf(io::sleepFor(std::chrono::hours(1)));
}

/// The pool's only thread is busy for as long as the fiber waits in the queue.
std::error_code offloadBehindOthers(Deadline)
{
    std::latch release(1);
    std::latch begun(1);
    auto occupier = spawn({.name = "occupier"},
                          [&]
                          {
                              (void)offload(
                                  [&]
                                  {
                                      begun.count_down();
                                      release.wait();
                                  });
                          });
    while (!begun.try_wait())
    {
        boost::this_fiber::yield();
    }
    const auto queued = offload([] {});
    release.count_down();
    occupier.join();
    return errorOf(queued);
}

std::vector<SilentCall> endlessCalls()
{
    auto calls = silentCalls();
    calls.push_back({"sleep", sleepForAnHour});
    calls.push_back({"acquireBuffer", acquireWhenAllBuffersAreHeld});
    calls.push_back({"offloadQueued", offloadBehindOthers});
    calls.push_back({"offloadAbandonable", abandonableCallThatHangs});
    return calls;
}

class StopDuring : public testing::TestWithParam<SilentCall>
{
protected:
    static RuntimeOptions options()
    {
        auto small = smallRuntime();
        small.offloadThreads = 1;
        return small;
    }
};

} // namespace

TEST_P(StopDuring, theWaitEndsIt)
{
    Runtime runtime(options());
    std::error_code error;
    auto fiber = runtime.spawn(testFiber("waiter"),
                               [&error]
                               {
                                   error = GetParam().call(NoDeadline);
                               });
    awaitState(runtime, "waiter", FiberState::Suspended);
    fiber.requestStop();
    fiber.join();
    EXPECT_EQ(error, IoError::Stopped);
}

TEST_P(StopDuring, aRandomMomentEndsIt)
{
    Runtime runtime(options());
    int others = 0;
    for (int round = 0; round < 50; ++round)
    {
        std::error_code error;
        auto fiber = runtime.spawn(testFiber("waiter"),
                                   [&error]
                                   {
                                       error = GetParam().call(NoDeadline);
                                   });
        for (int turn = 0; turn < round; ++turn)
        {
            std::this_thread::yield();
        }
        fiber.requestStop();
        fiber.join();
        others += error == IoError::Stopped ? 0 : 1;
    }
    EXPECT_EQ(others, 0);
}

TEST_P(StopDuring, leavesNoDescriptorBehind)
{
    Runtime runtime(options());
    const auto before = openDescriptorCount();
    auto fiber = runtime.spawn(testFiber("waiter"),
                               []
                               {
                                   (void)GetParam().call(NoDeadline);
                               });
    awaitState(runtime, "waiter", FiberState::Suspended);
    fiber.requestStop();
    fiber.join();
    EXPECT_EQ(openDescriptorCount(), before);
}

INSTANTIATE_TEST_SUITE_P(Calls, StopDuring, testing::ValuesIn(endlessCalls()),
                         [](const auto& instance)
                         {
                             return instance.param.name;
                         });

} // namespace weft
