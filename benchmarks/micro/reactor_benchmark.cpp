// The cost of what a source does beside its system calls: timers and buffers.

#include <weft/memory/io_buffer_pool.hpp>
#include <weft/timers/timer_wheel.hpp>

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

namespace
{

void armAndCancelAmong(benchmark::State& state)
{
    const auto now = weft::Clock::now();
    weft::TimerWheel wheel(now);
    std::vector<std::unique_ptr<weft::Timer>> others;
    for (std::int64_t index = 0; index < state.range(0); ++index)
    {
        others.push_back(std::make_unique<weft::Timer>([](weft::Timer&) noexcept {}));
        wheel.arm(*others.back(), now + std::chrono::milliseconds(1 + index % 100'000));
    }
    weft::Timer timer([](weft::Timer&) noexcept {});
    for (auto _ : state)
    {
        wheel.arm(timer, now + std::chrono::milliseconds(10));
        wheel.cancel(timer);
    }
    for (auto& other : others)
    {
        wheel.cancel(*other);
    }
}

void acquireAndRelease(benchmark::State& state)
{
    weft::IoBufferPool pool({.name = "benchmark", .bufferCount = 64, .bufferSizeBytes = 4096});
    auto reservation = pool.reserve("benchmark");
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(pool.tryAcquire(*reservation));
    }
    reservation->close();
}

} // namespace

BENCHMARK(armAndCancelAmong)->Arg(0)->Arg(1'000'000);
BENCHMARK(acquireAndRelease);
