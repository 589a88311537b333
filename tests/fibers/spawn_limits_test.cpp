#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/runtime.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

/// \file
/// More fibers than stacks wait their turn; more than records are refused.

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

TEST(SpawnLimits, throwingCopyOfTheCallableGivesTheRecordBack)
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

TEST(SpawnLimits, twentyThousandFibersShareAThousandStacks)
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

TEST(SpawnLimits, noMoreFibersStartThanThereAreStacks)
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

TEST(SpawnLimits, waitingForAStackIsNotReportedAsAnError)
{
    testing::internal::CaptureStderr();
    {
        Runtime runtime(runtimeWithStacks(1, 10));
        auto holder = runtime.spawn({.name = "holder"},
                                    []
                                    {
                                        (void)io::sleepUntil(NoDeadline);
                                    });
        awaitState(runtime, "holder", FiberState::Suspended);
        auto queued = runtime.spawn({.name = "queued"}, [] {});
        holder.requestStop();
        queued.join();
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(SpawnLimits, fibersThatWaitForAStackOfOneClassDoNotHoldUpAnother)
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

TEST(SpawnLimits, whenAllRecordsAreInUseTheErrorSaysSo)
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

TEST(SpawnLimits, errorOfExhaustionIsResourceUnavailable)
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

TEST(SpawnLimits, recordsAreReusedWhenTheirHandlesGo)
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

} // namespace weft
