#include <weft/reactor/io.hpp>

#include "tests/support/rounds.hpp"
#include "tests/support/runtime.hpp"

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

/// \file
/// A wake-up that comes while the reactor is about to park must not be lost. In each round the
/// reactor has nothing else to do, so a lost one would hang the test.

namespace weft
{

TEST(WakeUp, spawnFromAThreadIsNotLostWhileTheReactorParks)
{
    Runtime runtime(smallRuntime());
    int ran = 0;
    for (int round = 0; round < ManyRounds; ++round)
    {
        runtime
            .spawn({},
                   [&ran]
                   {
                       ++ran;
                   })
            .join();
    }
    EXPECT_EQ(ran, ManyRounds);
}

TEST(WakeUp, notificationFromAThreadIsNotLostWhileTheReactorParks)
{
    Runtime runtime(smallRuntime());
    std::mutex mutex;
    boost::fibers::condition_variable_any changed;
    int turn = 0;
    const auto takeTurns = [&](int own)
    {
        for (int round = 0; round < ManyRounds; ++round)
        {
            std::unique_lock lock(mutex);
            changed.wait(lock,
                         [&]
                         {
                             return turn % 2 == own;
                         });
            ++turn;
            changed.notify_one();
        }
    };
    auto fiber = runtime.spawn({},
                               [&]
                               {
                                   takeTurns(1);
                               });
    takeTurns(0);
    fiber.join();
    EXPECT_EQ(turn, 2 * ManyRounds);
}

TEST(WakeUp, notificationBetweenReactorsIsNotLostWhileBothPark)
{
    Runtime runtime(smallRuntime(2));
    std::mutex mutex;
    boost::fibers::condition_variable_any changed;
    int turn = 0;
    const auto takeTurns = [&](int own)
    {
        for (int round = 0; round < ManyRounds; ++round)
        {
            std::unique_lock lock(mutex);
            changed.wait(lock,
                         [&]
                         {
                             return turn % 2 == own;
                         });
            ++turn;
            changed.notify_one();
        }
    };
    auto left = runtime.spawn({.reactor = 0},
                              [&]
                              {
                                  takeTurns(0);
                              });
    auto right = runtime.spawn({.reactor = 1},
                               [&]
                               {
                                   takeTurns(1);
                               });
    left.join();
    right.join();
    EXPECT_EQ(turn, 2 * ManyRounds);
}

TEST(WakeUp, stopFromAThreadIsNotLostWhileTheReactorParks)
{
    Runtime runtime(smallRuntime());
    int stopped = 0;
    for (int round = 0; round < ManyRounds; ++round)
    {
        auto fiber = runtime.spawn({},
                                   [&stopped]
                                   {
                                       if (!io::sleepUntil(NoDeadline))
                                       {
                                           ++stopped;
                                       }
                                   });
        fiber.requestStop();
        fiber.join();
    }
    EXPECT_EQ(stopped, ManyRounds);
}

TEST(WakeUp, postsOfManyThreadsAreAllDelivered)
{
    struct Post : InboxItem
    {
        explicit Post(std::atomic<int>& counter) noexcept
            : InboxItem(
                  [](InboxItem& item) noexcept
                  {
                      auto& count = static_cast<Post&>(item).delivered;
                      ++count;
                      count.notify_all();
                  }),
              delivered(counter)
        {
        }

        std::atomic<int>& delivered;
    };

    Runtime runtime(smallRuntime());
    constexpr int Threads = 4;
    std::atomic<int> deliveredInAll = 0;
    {
        std::vector<std::jthread> threads;
        for (int index = 0; index < Threads; ++index)
        {
            threads.emplace_back(
                [&]
                {
                    for (int round = 0; round < ManyRounds; ++round)
                    {
                        std::atomic<int> delivered = 0;
                        Post post(delivered);
                        runtime.reactor(0).scheduler().post(post);
                        while (delivered.load() == 0)
                        {
                            std::this_thread::yield();
                        }
                        ++deliveredInAll;
                    }
                });
        }
    }
    EXPECT_EQ(deliveredInAll.load(), Threads * ManyRounds);
}

} // namespace weft
