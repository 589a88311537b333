// Fibers themselves: switching, and spawn with join. Beside them what Boost.Context takes alone,
// without a scheduler.

#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/runtime.hpp>

#include "fiber_work.hpp"
#include "placement.hpp"
#if defined(WEFT_BENCH_SHARED_STOCK)
#    include "shared_stock.hpp"
#endif

#include <benchmark/benchmark.h>
#include <boost/context/fiber.hpp>
#include <boost/context/pooled_fixedsize_stack.hpp>

#include <thread>
#include <utility>
#include <vector>

namespace
{

using namespace weft::bench;

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
            switchAmongStock(state);
        });
}

/// Contexts that hand the CPU on in a ring, in the way in which Boost.Fiber does it.
class BareContexts
{
public:
    explicit BareContexts(std::size_t count) : contexts(count)
    {
        for (std::size_t index = 1; index < count; ++index)
        {
            contexts[index] = boost::context::fiber(
                [this, index](boost::context::fiber&&)
                {
                    while (!finished)
                    {
                        handOn(index, index + 1 < contexts.size() ? index + 1 : 0);
                    }
                    return std::move(contexts.front());
                });
        }
    }

    /// All of them have run.
    ~BareContexts()
    {
        finished = true;
        for (std::size_t index = 1; index < contexts.size(); ++index)
        {
            handOn(0, index);
        }
    }

    BareContexts(const BareContexts&) = delete;
    BareContexts& operator=(const BareContexts&) = delete;

    /// From the one that runs to another.
    void handOn(std::size_t from, std::size_t to)
    {
        std::move(contexts[to])
            .resume_with(
                [this, from](boost::context::fiber&& left)
                {
                    contexts[from] = std::move(left);
                    return boost::context::fiber();
                });
    }

private:
    std::vector<boost::context::fiber> contexts; // the first is the thread's own
    bool finished = false;
};

void switchContext(benchmark::State& state)
{
    onThread(
        [&state]
        {
            const auto count = static_cast<std::size_t>(state.range(0));
            BareContexts contexts(count);
            for (auto _ : state)
            {
                contexts.handOn(0, 1);
            }
            state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
        });
}

void spawnJoinContext(benchmark::State& state)
{
    onThread(
        [&state]
        {
            boost::context::pooled_fixedsize_stack stacks;
            for (auto _ : state)
            {
                boost::context::fiber child(std::allocator_arg, stacks,
                                            [](boost::context::fiber&& parent)
                                            {
                                                return std::move(parent);
                                            });
                child = std::move(child).resume();
            }
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
            spawnAndJoinStock(state);
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
BENCHMARK(switchContext)->Name("switch/context")->Arg(2)->Arg(1000)->UseRealTime();
BENCHMARK(spawnJoinWeft)->Name("spawn-join/weft")->UseRealTime();
BENCHMARK(spawnJoinStock)->Name("spawn-join/stock")->UseRealTime();
BENCHMARK(spawnJoinContext)->Name("spawn-join/context")->UseRealTime();
BENCHMARK(spawnJoinThread)->Name("spawn-join/thread")->UseRealTime();

#if defined(WEFT_BENCH_SHARED_STOCK)
void onSharedStock(benchmark::State& state, const char* function)
{
    if (const auto work = sharedStock(function, state))
    {
        onThread(
            [&state, work]
            {
                work(state);
            });
    }
}

void switchSharedStock(benchmark::State& state)
{
    onSharedStock(state, SwitchAmongSharedStock);
}

void spawnJoinSharedStock(benchmark::State& state)
{
    onSharedStock(state, SpawnAndJoinSharedStock);
}

BENCHMARK(switchSharedStock)->Name("switch/stock-shared")->Arg(2)->Arg(1000)->UseRealTime();
BENCHMARK(spawnJoinSharedStock)->Name("spawn-join/stock-shared")->UseRealTime();
#endif

} // namespace
