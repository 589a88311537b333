#pragma once

#include <benchmark/benchmark.h>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

/// \file
/// What fibers are measured by. Inline, as Boost.Fiber comes to it in two ways: see
/// shared_stock.hpp.

namespace weft::bench
{

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

inline void switchAmongStock(benchmark::State& state)
{
    switchAmong<boost::this_fiber::yield>(state,
                                          [](auto fiber)
                                          {
                                              return boost::fibers::fiber(fiber);
                                          });
}

inline void spawnAndJoinStock(benchmark::State& state)
{
    for (auto _ : state)
    {
        boost::fibers::fiber([] {}).join();
    }
}

} // namespace weft::bench
