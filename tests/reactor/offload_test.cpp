#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/offload.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

RuntimeOptions withOffloadThreads(std::size_t threads)
{
    auto options = smallRuntime();
    options.offloadThreads = threads;
    return options;
}

} // namespace

TEST(Offload, runsOnAnotherThread)
{
    Runtime runtime(smallRuntime());
    const bool elsewhere = onFiber(runtime,
                                   []
                                   {
                                       return offload(
                                                  []
                                                  {
                                                      return std::this_thread::get_id();
                                                  }) != std::this_thread::get_id();
                                   });
    EXPECT_TRUE(elsewhere);
}

TEST(Offload, threadMustNotBePinnedAsTheReactorThatStartsItIs)
{
    const auto mask = []
    {
        cpu_set_t cpus;
        EXPECT_EQ(::pthread_getaffinity_np(::pthread_self(), sizeof(cpus), &cpus), 0);
        return cpus;
    };
    auto options = smallRuntime();
    options.pin = true;
    Runtime runtime(options);
    const auto offloaded = onFiber(runtime,
                                   [&]
                                   {
                                       return *offload(mask);
                                   });
    const auto own = mask();
    EXPECT_TRUE(CPU_EQUAL(&offloaded, &own));
}

TEST(Offload, onAPlainThreadJustCalls)
{
    EXPECT_EQ(offload(
                  []
                  {
                      return std::this_thread::get_id();
                  }),
              std::this_thread::get_id());
}

TEST(Offload, carriesAValueThatCanOnlyBeMoved)
{
    Runtime runtime(smallRuntime());
    const int value = onFiber(runtime,
                              []
                              {
                                  return **offload(
                                      []
                                      {
                                          return std::make_unique<int>(42);
                                      });
                              });
    EXPECT_EQ(value, 42);
}

TEST(Offload, carriesAnException)
{
    Runtime runtime(smallRuntime());
    const auto call = []
    {
        (void)offload(
            []
            {
                throw std::out_of_range("from afar");
            });
    };
    EXPECT_THROW(onFiber(runtime, call), std::out_of_range);
}

TEST(Offload, letsOtherFibersRunMeanwhile)
{
    Runtime runtime(smallRuntime());
    std::latch otherRan(1);
    auto blocked = runtime.spawn(testFiber(),
                                 [&]
                                 {
                                     (void)offload(
                                         [&]
                                         {
                                             otherRan.wait();
                                         });
                                 });
    onFiber(runtime,
            [&]
            {
                otherRan.count_down();
            });
    EXPECT_NO_THROW(blocked.join());
}

TEST(Offload, stopOfARunningCallWaitsForItsEnd)
{
    Runtime runtime(smallRuntime());
    std::latch begun(1);
    std::latch mayEnd(1);
    bool succeeded = false;
    auto fiber = runtime.spawn(testFiber("caller"),
                               [&]
                               {
                                   succeeded = offload(
                                                   [&]
                                                   {
                                                       begun.count_down();
                                                       mayEnd.wait();
                                                   })
                                                   .has_value();
                               });
    begun.wait();
    fiber.requestStop();
    mayEnd.count_down();
    fiber.join();
    EXPECT_TRUE(succeeded);
}

TEST(Offload, deadlineEndsAQueuedCallThatThenNeverRuns)
{
    Runtime runtime(withOffloadThreads(1));
    std::latch begun(1);
    std::latch mayEnd(1);
    std::atomic<bool> ran = false;
    auto occupier = runtime.spawn({},
                                  [&]
                                  {
                                      (void)offload(
                                          [&]
                                          {
                                              begun.count_down();
                                              mayEnd.wait();
                                          });
                                  });
    begun.wait();
    const auto error = onFiber(runtime,
                               [&]
                               {
                                   return errorOf(offload(
                                       [&]
                                       {
                                           ran = true;
                                       },
                                       io::after(2ms)));
                               });
    mayEnd.count_down();
    occupier.join();
    EXPECT_EQ(error, IoError::DeadlineExpired);
    EXPECT_FALSE(ran);
}

TEST(Offload, neverStartsMoreThreadsThanAllowed)
{
    Runtime runtime(withOffloadThreads(3));
    std::atomic<int> ran = 0;
    FiberGroup group;
    for (int count = 0; count < 500; ++count)
    {
        runtime.spawn(group, {},
                      [&ran]
                      {
                          (void)offload(
                              []
                              {
                                  std::this_thread::yield();
                              });
                          ++ran;
                      });
    }
    group.joinAll();
    EXPECT_EQ(ran.load(), 500);
    EXPECT_LE(runtime.threadCount(), 1 + 3U);
}

TEST(Offload, startsNoThreadBeforeThereIsWork)
{
    Runtime runtime(smallRuntime());
    EXPECT_EQ(runtime.threadCount(), 1U);
}

TEST(Offload, oneAfterTheOtherUsesOneThreadAgain)
{
    Runtime runtime(withOffloadThreads(1));
    std::atomic<int> others = 0;
    onFiber(runtime,
            [&]
            {
                const auto first = *offload(
                    []
                    {
                        return std::this_thread::get_id();
                    });
                for (int count = 0; count < 100; ++count)
                {
                    others += *offload(
                                  []
                                  {
                                      return std::this_thread::get_id();
                                  }) == first
                                  ? 0
                                  : 1;
                }
            });
    EXPECT_EQ(others.load(), 0);
}

TEST(OffloadAbandonable, carriesTheValue)
{
    Runtime runtime(smallRuntime());
    EXPECT_EQ(onFiber(runtime,
                      []
                      {
                          return *offloadAbandonable(
                              []
                              {
                                  return 42;
                              });
                      }),
              42);
}

TEST(OffloadAbandonable, carriesAnException)
{
    Runtime runtime(smallRuntime());
    const auto call = []
    {
        (void)offloadAbandonable(
            []
            {
                throw std::out_of_range("afar");
            });
    };
    EXPECT_THROW(onFiber(runtime, call), std::out_of_range);
}

TEST(OffloadAbandonable, isLeftBehindAtTheDeadline)
{
    const auto mayEnd = std::make_shared<std::latch>(1);
    Runtime runtime(smallRuntime());
    const auto error = onFiber(runtime,
                               [&]
                               {
                                   return errorOf(offloadAbandonable(
                                       [mayEnd]
                                       {
                                           mayEnd->wait();
                                       },
                                       io::after(2ms)));
                               });
    EXPECT_EQ(error, IoError::DeadlineExpired);
    mayEnd->count_down();
}

TEST(OffloadAbandonable, resultOfAnAbandonedCallIsDestroyed)
{
    const auto witness = std::make_shared<int>(0);
    {
        const auto mayEnd = std::make_shared<std::latch>(1);
        Runtime runtime(smallRuntime());
        onFiber(runtime,
                [&]
                {
                    (void)offloadAbandonable(
                        [mayEnd, witness]
                        {
                            mayEnd->wait();
                            return witness;
                        },
                        io::after(1ms));
                });
        mayEnd->count_down();
    }
    EXPECT_EQ(witness.use_count(), 1);
}

// A source of mqtt on a thread of its own was over, and its client was not: the thread that had
// connected it held the client a moment longer, with its sockets.
TEST(OffloadAbandonable, callOfAPlainThreadIsGoneWhenItReturns)
{
    const auto witness = std::make_shared<int>(0);
    for (int round = 0; round < 3000; ++round)
    {
        (void)offloadAbandonable([witness] {}, io::after(1h));
        ASSERT_EQ(witness.use_count(), 1) << "in round " << round;
    }
}

TEST(OffloadAbandonable, raceOfStopAndEndDestroysEachResultOnce)
{
    const auto witness = std::make_shared<std::atomic<int>>(0);
    int rounds = 0;
    {
        Runtime runtime(smallRuntime());
        for (; rounds < 3000; ++rounds)
        {
            auto fiber = runtime.spawn(testFiber(),
                                       [&]
                                       {
                                           (void)offloadAbandonable(
                                               [witness]
                                               {
                                                   return witness;
                                               });
                                       });
            for (int turn = 0; turn < rounds % 20; ++turn)
            {
                std::this_thread::yield();
            }
            fiber.requestStop();
            fiber.join();
        }
    }
    EXPECT_EQ(witness.use_count(), 1);
}

TEST(Resolve, numericAddressIsParsed)
{
    Runtime runtime(smallRuntime());
    EXPECT_EQ(onFiber(runtime,
                      []
                      {
                          return resolve("127.0.0.1", 9000).value();
                      })
                  .at(0)
                  .toString(),
              "127.0.0.1:9000");
}

TEST(Resolve, numericIpv6AddressIsParsed)
{
    Runtime runtime(smallRuntime());
    EXPECT_EQ(onFiber(runtime,
                      []
                      {
                          return resolve("::1", 9000).value();
                      })
                  .at(0)
                  .toString(),
              "[::1]:9000");
}

TEST(Resolve, numericAddressNeedsNoThread)
{
    Runtime runtime(smallRuntime());
    onFiber(runtime,
            []
            {
                (void)resolve("127.0.0.1", 9000);
            });
    EXPECT_EQ(runtime.threadCount(), 1U);
}

TEST(Resolve, localhostHasAnAddressWithThePort)
{
    Runtime runtime(smallRuntime());
    EXPECT_EQ(onFiber(runtime,
                      []
                      {
                          return resolve("localhost", 9000).value();
                      })
                  .at(0)
                  .port(),
              9000);
}

TEST(Resolve, nameThatDoesNotExistIsAResolverError)
{
    Runtime runtime(smallRuntime());
    const auto error = onFiber(runtime,
                               []
                               {
                                   return resolve("no-such-host.invalid", 9000).error();
                               });
    EXPECT_STREQ(error.category().name(), "resolver");
}

TEST(SocketAddress, nameIsNoAddress)
{
    EXPECT_FALSE(SocketAddress::parse("localhost", 9000).has_value());
}

TEST(SocketAddress, unknownScopeIsNoAddress)
{
    EXPECT_FALSE(SocketAddress::parse("fe80::1%no-such-link", 9000).has_value());
}

} // namespace weft
