// The cost of fibers: ours beside the stock Boost.Fiber scheduler, in the same run.

#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/runtime.hpp>

#include <benchmark/benchmark.h>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

#include <functional>
#include <thread>
#include <vector>

namespace
{

/// Runs `body` on a fiber of a one-reactor runtime.
void onReactor(const std::function<void()>& body)
{
    weft::Runtime runtime({.reactors = 1});
    runtime
        .spawn({.name = "benchmark", .stack = weft::StackClass::Large},
               [&body]
               {
                   body();
               })
        .join();
}

/// Runs `body` under Boost's own scheduler, on a thread that no reactor has touched.
void onStockScheduler(const std::function<void()>& body)
{
    std::thread(
        [&body]
        {
            body();
        })
        .join();
}

/// `fiberCount` fibers hand the core on; one iteration of the state is one switch of each.
template <typename Start>
void switchAmong(benchmark::State& state, const Start& start)
{
    const auto fiberCount = static_cast<std::size_t>(state.range(0));
    bool finished = false;
    std::vector<decltype(start([] {}))> fibers;
    for (std::size_t index = 1; index < fiberCount; ++index)
    {
        fibers.push_back(start(
            [&finished]
            {
                while (!finished)
                {
                    boost::this_fiber::yield();
                }
            }));
    }
    for (auto _ : state)
    {
        boost::this_fiber::yield();
    }
    finished = true;
    for (auto& fiber : fibers)
    {
        fiber.join();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(fiberCount));
}

void weftSwitch(benchmark::State& state)
{
    onReactor(
        [&state]
        {
            switchAmong(state,
                        [](auto body)
                        {
                            return weft::spawn({.name = "peer"}, body);
                        });
        });
}

void stockSwitch(benchmark::State& state)
{
    onStockScheduler(
        [&state]
        {
            switchAmong(state,
                        [](auto body)
                        {
                            return boost::fibers::fiber(body);
                        });
        });
}

void weftSpawnAndJoin(benchmark::State& state)
{
    onReactor(
        [&state]
        {
            for (auto _ : state)
            {
                weft::spawn({.name = "child"}, [] {}).join();
            }
        });
}

void stockSpawnAndJoin(benchmark::State& state)
{
    onStockScheduler(
        [&state]
        {
            for (auto _ : state)
            {
                boost::fibers::fiber([] {}).join();
            }
        });
}

void threadStartAndJoin(benchmark::State& state)
{
    for (auto _ : state)
    {
        std::thread([] {}).join();
    }
}

} // namespace

// Wall time: the work is on other threads than the one that Google Benchmark watches.
BENCHMARK(weftSwitch)->Arg(2)->Arg(1000)->UseRealTime();
BENCHMARK(stockSwitch)->Arg(2)->Arg(1000)->UseRealTime();
BENCHMARK(weftSpawnAndJoin)->UseRealTime();
BENCHMARK(stockSpawnAndJoin)->UseRealTime();
BENCHMARK(threadStartAndJoin)->UseRealTime();
