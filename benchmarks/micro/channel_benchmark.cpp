// A bounded channel on one CPU: Boost.Fiber's on a reactor and under its own scheduler, and a queue
// with a mutex between two threads.

#include <weft/reactor/runtime.hpp>

#include "placement.hpp"

#include <benchmark/benchmark.h>
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

namespace
{

using namespace weft::bench;

constexpr std::size_t ChannelSize = 64; // holds one less

class FiberChannel
{
public:
    /// False when it is closed.
    bool push(std::uint64_t value)
    {
        return channel.push(value) == boost::fibers::channel_op_status::success;
    }

    std::uint64_t pop()
    {
        return channel.value_pop();
    }

    void close()
    {
        channel.close();
    }

private:
    boost::fibers::buffered_channel<std::uint64_t> channel{ChannelSize};
};

class ThreadChannel
{
public:
    bool push(std::uint64_t value)
    {
        {
            std::unique_lock lock(mutex);
            changedByPop.wait(lock,
                              [this]
                              {
                                  return closed || values.size() < ChannelSize - 1;
                              });
            if (closed)
            {
                return false;
            }
            values.push_back(value);
        }
        changedByPush.notify_one();
        return true;
    }

    std::uint64_t pop()
    {
        std::uint64_t value = 0;
        {
            std::unique_lock lock(mutex);
            changedByPush.wait(lock,
                               [this]
                               {
                                   return !values.empty();
                               });
            value = values.front();
            values.pop_front();
        }
        changedByPop.notify_one();
        return value;
    }

    void close()
    {
        {
            const std::lock_guard lock(mutex);
            closed = true;
        }
        changedByPop.notify_one();
    }

private:
    std::mutex mutex;
    std::condition_variable changedByPush;
    std::condition_variable changedByPop;
    std::deque<std::uint64_t> values;
    bool closed = false;
};

/// One iteration is one value that arrives.
template <typename Channel, typename Start>
void receive(benchmark::State& state, const Start& start)
{
    Channel channel;
    auto producer = start(
        [&channel]
        {
            for (std::uint64_t value = 0; channel.push(value); ++value)
            {
            }
        });
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(channel.pop());
    }
    channel.close();
    producer.join();
}

void channelWeft(benchmark::State& state)
{
    onReactor(
        [&state]
        {
            receive<FiberChannel>(state,
                                  [](auto body)
                                  {
                                      return weft::spawn({.name = "producer"}, body);
                                  });
        });
}

void channelStock(benchmark::State& state)
{
    onThread(
        [&state]
        {
            receive<FiberChannel>(state,
                                  [](auto body)
                                  {
                                      return boost::fibers::fiber(body);
                                  });
        });
}

void channelThread(benchmark::State& state)
{
    onThread(
        [&state]
        {
            receive<ThreadChannel>(state,
                                   [](auto body)
                                   {
                                       return std::thread(body); // pinned as its parent is
                                   });
        });
}

BENCHMARK(channelWeft)->Name("channel/weft")->UseRealTime();
BENCHMARK(channelStock)->Name("channel/stock")->UseRealTime();
BENCHMARK(channelThread)->Name("channel/thread")->UseRealTime();

} // namespace
