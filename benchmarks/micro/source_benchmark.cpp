// A source whose data cost as little as can be, the generator: what is left is its runner, its
// buffers and the emit function. On a fiber beside a thread for each.

#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "placement.hpp"

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace
{

using namespace weft::bench;

constexpr std::uint64_t BuffersInARow = 1024;

class Count
{
public:
    void operator()(weft::OriginId, const weft::SourceEvent& event)
    {
        if (std::holds_alternative<weft::SourceData>(event) &&
            (taken.fetch_add(1, std::memory_order_relaxed) + 1) % BuffersInARow == 0)
        {
            rows.fetch_add(1, std::memory_order_release);
            rows.notify_one();
        }
    }

    std::uint64_t rowsTaken() const noexcept
    {
        return rows.load(std::memory_order_acquire);
    }

    void waitForRow(std::uint64_t number)
    {
        for (auto seen = rowsTaken(); seen < number; seen = rowsTaken())
        {
            rows.wait(seen, std::memory_order_acquire);
        }
    }

private:
    std::atomic<std::uint64_t> taken = 0;
    std::atomic<std::uint64_t> rows = 0;
};

std::vector<weft::SourceHandle> startGenerators(weft::Runtime& runtime, std::int64_t number,
                                                const char* execution, Count& count)
{
    std::vector<weft::SourceHandle> sources;
    const weft::SourceProvider provider(runtime);
    for (std::int64_t index = 0; index < number; ++index)
    {
        const weft::SourceDescriptor descriptor(
            "generated-" + std::to_string(index), "generator",
            {{"schema", "text:text(1000)"}, {"execution", execution}});
        sources.push_back(provider.provide(static_cast<weft::OriginId>(index + 1), descriptor));
        static_cast<void>(sources.back().start(std::ref(count))); // the first of each
    }
    return sources;
}

void generate(benchmark::State& state, const char* execution)
{
    Count count;
    std::optional<weft::Runtime> runtime;
    std::vector<weft::SourceHandle> sources;
    // A runtime has the CPUs of the thread that makes it, for the threads of sources too.
    onThread(
        [&]
        {
            runtime.emplace(weft::RuntimeOptions{.reactors = 1});
            sources = startGenerators(*runtime, state.range(0), execution, count);
        });
    {
        const ThreadBeside waiter(
            [&]
            {
                // What came before the clock runs is not counted.
                auto row = count.rowsTaken();
                while (state.KeepRunningBatch(BuffersInARow))
                {
                    count.waitForRow(++row);
                }
            });
    }
    for (auto& source : sources)
    {
        source.stop(); // each of many threads answers when it has its turn
    }
    for (auto& source : sources)
    {
        if (source.tryStop(std::chrono::seconds(10)) != weft::TryStopResult::Success)
        {
            state.SkipWithError("a generator did not stop");
        }
    }
}

void generateOnFibers(benchmark::State& state)
{
    generate(state, "fiber");
}

void generateOnThreads(benchmark::State& state)
{
    generate(state, "thread");
}

BENCHMARK(generateOnFibers)->Name("source-buffer/weft")->Arg(1)->Arg(100)->UseRealTime();
BENCHMARK(generateOnThreads)->Name("source-buffer/thread")->Arg(1)->Arg(100)->UseRealTime();

} // namespace
