// Waking what waits on another CPU. All waits are on a condition variable, so that the same code is
// measured on fibers and on threads.

#include <weft/reactor/runtime.hpp>

#include "placement.hpp"

#include <benchmark/benchmark.h>
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>

#include <condition_variable>
#include <mutex>

namespace
{

using namespace weft::bench;

/// What one waits for and another one brings about.
template <typename Mutex, typename Condition>
class Signal
{
public:
    void wake()
    {
        {
            const std::lock_guard lock(mutex);
            woken = true;
        }
        condition.notify_one();
    }

    void wait()
    {
        std::unique_lock lock(mutex);
        condition.wait(lock,
                       [this]
                       {
                           return woken;
                       });
        woken = false;
    }

private:
    Mutex mutex;
    Condition condition;
    bool woken = false;
};

using FiberSignal = Signal<boost::fibers::mutex, boost::fibers::condition_variable>;
using ThreadSignal = Signal<std::mutex, std::condition_variable>;

/// Two that wake each other in turn: the one in the state's loop asks, the other one answers.
template <typename Asked, typename Answered>
class RoundTrips
{
public:
    void ask(benchmark::State& state)
    {
        for (auto _ : state)
        {
            asked.wake();
            answered.wait();
        }
        finished = true;
        asked.wake();
    }

    void answer()
    {
        for (asked.wait(); !finished; asked.wait())
        {
            answered.wake();
        }
    }

private:
    Asked asked;
    Answered answered;
    bool finished = false; // guarded by the signal that comes after it
};

/// The thread on the second CPU answers what is asked on the first, whatever waits there.
template <typename Answered, typename Run>
void wakeFromThread(benchmark::State& state, const Run& run)
{
    RoundTrips<ThreadSignal, Answered> trips;
    const ThreadBeside other(
        [&trips]
        {
            trips.answer();
        });
    run(
        [&]
        {
            trips.ask(state);
        });
}

void wakeWeft(benchmark::State& state)
{
    wakeFromThread<FiberSignal>(state,
                                [](const auto& body)
                                {
                                    onReactor(body);
                                });
}

void wakeStock(benchmark::State& state)
{
    wakeFromThread<FiberSignal>(state, onThread);
}

void wakeThread(benchmark::State& state)
{
    wakeFromThread<ThreadSignal>(state, onThread);
}

void reactorToReactorWeft(benchmark::State& state)
{
    weft::Runtime runtime({.reactors = 2, .cpus = {firstCpu(), secondCpu()}});
    RoundTrips<FiberSignal, FiberSignal> trips;
    auto other = runtime.spawn({.name = "answers", .reactor = 1},
                               [&trips]
                               {
                                   trips.answer();
                               });
    runtime
        .spawn({.name = "asks", .stack = weft::StackClass::Large, .reactor = 0},
               [&]
               {
                   trips.ask(state);
               })
        .join();
    other.join();
}

template <typename OwnSignal>
void threadToThread(benchmark::State& state)
{
    RoundTrips<OwnSignal, OwnSignal> trips;
    const ThreadBeside other(
        [&trips]
        {
            trips.answer();
        });
    onThread(
        [&]
        {
            trips.ask(state);
        });
}

BENCHMARK(wakeWeft)->Name("wake/weft")->UseRealTime();
BENCHMARK(wakeStock)->Name("wake/stock")->UseRealTime();
BENCHMARK(wakeThread)->Name("wake/thread")->UseRealTime();
BENCHMARK(reactorToReactorWeft)->Name("reactor-to-reactor/weft")->UseRealTime();
BENCHMARK(threadToThread<FiberSignal>)->Name("reactor-to-reactor/stock")->UseRealTime();
BENCHMARK(threadToThread<ThreadSignal>)->Name("reactor-to-reactor/thread")->UseRealTime();

} // namespace
