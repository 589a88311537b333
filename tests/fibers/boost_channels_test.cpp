#include "tests/support/runtime.hpp"

#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/future.hpp>
#include <boost/fiber/unbuffered_channel.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

/// \file
/// Boost.Fiber's channels and futures between two parties on one reactor, on two, and on a
/// reactor and a plain thread; and the fibers that Boost.Fiber's own calls make on a reactor.

namespace weft
{

namespace
{

constexpr std::int64_t Values = 5000;
constexpr std::int64_t SumOfValues = Values * (Values + 1) / 2;

class BoostChannels : public testing::TestWithParam<Placement>
{
};

template <typename Channel>
void pushAll(Channel& channel)
{
    for (std::int64_t value = 1; value <= Values; ++value)
    {
        channel.push(value);
    }
    channel.close();
}

template <typename Channel>
std::int64_t sumOf(Channel& channel)
{
    std::int64_t sum = 0;
    std::int64_t value = 0;
    while (channel.pop(value) == boost::fibers::channel_op_status::success)
    {
        sum += value;
    }
    return sum;
}

} // namespace

TEST_P(BoostChannels, bufferedChannelCarriesValuesFromTheReactor)
{
    boost::fibers::buffered_channel<std::int64_t> channel(16);
    std::int64_t sum = 0;
    runBoth(
        GetParam(),
        [&]
        {
            pushAll(channel);
        },
        [&]
        {
            sum = sumOf(channel);
        });
    EXPECT_EQ(sum, SumOfValues);
}

TEST_P(BoostChannels, bufferedChannelCarriesValuesToTheReactor)
{
    boost::fibers::buffered_channel<std::int64_t> channel(16);
    std::int64_t sum = 0;
    runBoth(
        GetParam(),
        [&]
        {
            sum = sumOf(channel);
        },
        [&]
        {
            pushAll(channel);
        });
    EXPECT_EQ(sum, SumOfValues);
}

TEST_P(BoostChannels, unbufferedChannelCarriesValuesFromTheReactor)
{
    boost::fibers::unbuffered_channel<std::int64_t> channel;
    std::int64_t sum = 0;
    runBoth(
        GetParam(),
        [&]
        {
            pushAll(channel);
        },
        [&]
        {
            sum = sumOf(channel);
        });
    EXPECT_EQ(sum, SumOfValues);
}

TEST_P(BoostChannels, unbufferedChannelCarriesValuesToTheReactor)
{
    boost::fibers::unbuffered_channel<std::int64_t> channel;
    std::int64_t sum = 0;
    runBoth(
        GetParam(),
        [&]
        {
            sum = sumOf(channel);
        },
        [&]
        {
            pushAll(channel);
        });
    EXPECT_EQ(sum, SumOfValues);
}

TEST_P(BoostChannels, futureBringsThePromisedValueToTheReactor)
{
    boost::fibers::promise<int> promise;
    auto future = promise.get_future();
    int value = 0;
    runBoth(
        GetParam(),
        [&]
        {
            value = future.get();
        },
        [&]
        {
            promise.set_value(42);
        });
    EXPECT_EQ(value, 42);
}

TEST_P(BoostChannels, futureBringsThePromisedValueFromTheReactor)
{
    boost::fibers::promise<int> promise;
    auto future = promise.get_future();
    int value = 0;
    runBoth(
        GetParam(),
        [&]
        {
            promise.set_value(42);
        },
        [&]
        {
            value = future.get();
        });
    EXPECT_EQ(value, 42);
}

TEST_P(BoostChannels, futureBringsAnException)
{
    boost::fibers::promise<int> promise;
    auto future = promise.get_future();
    bool caught = false;
    runBoth(
        GetParam(),
        [&]
        {
            try
            {
                future.get();
            }
            catch (const std::runtime_error&)
            {
                caught = true;
            }
        },
        [&]
        {
            promise.set_exception(std::make_exception_ptr(std::runtime_error("promised")));
        });
    EXPECT_TRUE(caught);
}

TEST_P(BoostChannels, packagedTaskRunsAtOnePartyAndAnswersTheOther)
{
    boost::fibers::packaged_task<int(int)> task(
        [](int value)
        {
            return 2 * value;
        });
    auto future = task.get_future();
    int value = 0;
    runBoth(
        GetParam(),
        [&]
        {
            value = future.get();
        },
        [&]
        {
            task(21);
        });
    EXPECT_EQ(value, 42);
}

INSTANTIATE_TEST_SUITE_P(Between, BoostChannels,
                         testing::Values(Placement::OneReactor, Placement::TwoReactors,
                                         Placement::ReactorAndThread),
                         [](const auto& instance)
                         {
                             return std::string(toString(instance.param));
                         });

TEST(BoostFibersOnAReactor, asyncRunsAndAnswers)
{
    Runtime runtime(smallRuntime());
    const int value = onFiber(runtime,
                              []
                              {
                                  return boost::fibers::async(
                                             []
                                             {
                                                 return 42;
                                             })
                                      .get();
                              });
    EXPECT_EQ(value, 42);
}

TEST(BoostFibersOnAReactor, asyncBringsAnException)
{
    Runtime runtime(smallRuntime());
    const auto call = []
    {
        boost::fibers::async(
            []
            {
                throw std::runtime_error("from async");
            })
            .get();
    };
    EXPECT_THROW(onFiber(runtime, call), std::runtime_error);
}

TEST(BoostFibersOnAReactor, dispatchedFiberRunsBeforeItsMakerGoesOn)
{
    Runtime runtime(smallRuntime());
    const bool ranFirst = onFiber(runtime,
                                  []
                                  {
                                      bool ran = false;
                                      boost::fibers::fiber inner(boost::fibers::launch::dispatch,
                                                                 [&ran]
                                                                 {
                                                                     ran = true;
                                                                 });
                                      const bool ranBeforeJoin = ran;
                                      inner.join();
                                      return ranBeforeJoin;
                                  });
    EXPECT_TRUE(ranFirst);
}

TEST(BoostFibersOnAReactor, dispatchedFiberMaySuspend)
{
    Runtime runtime(smallRuntime());
    const int yields = onFiber(runtime,
                               []
                               {
                                   int count = 0;
                                   boost::fibers::fiber inner(boost::fibers::launch::dispatch,
                                                              [&count]
                                                              {
                                                                  for (; count < 100; ++count)
                                                                  {
                                                                      boost::this_fiber::yield();
                                                                  }
                                                              });
                                   inner.join();
                                   return count;
                               });
    EXPECT_EQ(yields, 100);
}

TEST(BoostFibersOnAReactor, shutdownWaitsForDetachedBoostFibers)
{
    std::atomic<bool> ended = false;
    {
        Runtime runtime(smallRuntime());
        onFiber(runtime,
                [&ended]
                {
                    boost::fibers::fiber(
                        [&ended]
                        {
                            for (int turn = 0; turn < 1000; ++turn)
                            {
                                boost::this_fiber::yield();
                            }
                            ended = true;
                        })
                        .detach();
                });
    }
    EXPECT_TRUE(ended);
}

} // namespace weft
