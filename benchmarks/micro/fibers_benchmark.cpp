// Fibers themselves: switching, and spawn with join.

#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/runtime.hpp>

#include "placement.hpp"

#include <benchmark/benchmark.h>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

#include <thread>
#include <vector>

namespace
{

using namespace weft::bench;

/// As many fibers hand the CPU on as the state's argument says; one iteration is one switch of
/// each.
template <auto Yield, typename Start>
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
                    Yield();
                }
            }));
    }
    for (auto _ : state)
    {
        Yield();
    }
    finished = true;
    for (auto& fiber : fibers)
    {
        fiber.join();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(fiberCount));
}

void switchWeft(benchmark::State& state)
{
    onReactor(
        [&state]
        {
            switchAmong<weft::this_fiber::yield>(state,
                                                 [](auto body)
                                                 {
                                                     return weft::spawn({.name = "peer"}, body);
                                                 });
        });
}

void switchStock(benchmark::State& state)
{
    onThread(
        [&state]
        {
            switchAmong<boost::this_fiber::yield>(state,
                                                  [](auto body)
                                                  {
                                                      return boost::fibers::fiber(body);
                                                  });
        });
}

void spawnJoinWeft(benchmark::State& state)
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

void spawnJoinStock(benchmark::State& state)
{
    onThread(
        [&state]
        {
            for (auto _ : state)
            {
                boost::fibers::fiber([] {}).join();
            }
        });
}

void spawnJoinThread(benchmark::State& state)
{
    onThread(
        [&state]
        {
            for (auto _ : state)
            {
                std::thread([] {}).join();
            }
        });
}

BENCHMARK(switchWeft)->Name("switch/weft")->Arg(2)->Arg(1000)->UseRealTime();
BENCHMARK(switchStock)->Name("switch/stock")->Arg(2)->Arg(1000)->UseRealTime();
BENCHMARK(spawnJoinWeft)->Name("spawn-join/weft")->UseRealTime();
BENCHMARK(spawnJoinStock)->Name("spawn-join/stock")->UseRealTime();
BENCHMARK(spawnJoinThread)->Name("spawn-join/thread")->UseRealTime();

} // namespace
