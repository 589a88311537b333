// Buffers: the pool beside malloc and free of as many bytes.

#include <weft/memory/io_buffer_pool.hpp>

#include "placement.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace
{

using namespace weft::bench;

constexpr std::size_t BufferBytes = 4096;
constexpr std::size_t BuffersMost = 64; // at once

class Pool
{
public:
    using Buffer = weft::IoBuffer;

    Pool()
    {
        reservation = std::move(pool.reserve("benchmark").value());
    }

    /// May have to be asked again.
    std::optional<Buffer> acquire()
    {
        return pool.tryAcquire(reservation);
    }

private:
    weft::IoBufferPool pool{
        {.name = "benchmark", .bufferCount = BuffersMost, .bufferSizeBytes = BufferBytes}};
    weft::BufferReservation reservation;
};

class Heap
{
public:
    struct Free
    {
        void operator()(void* memory) const noexcept
        {
            std::free(memory);
        }
    };

    using Buffer = std::unique_ptr<void, Free>;

    std::optional<Buffer> acquire()
    {
        return Buffer(std::malloc(BufferBytes));
    }
};

/// For the time until the other thread has moved on.
void spin()
{
    if (firstCpu() == secondCpu())
    {
        std::this_thread::yield();
    }
}

/// A queue from one thread to another one.
template <typename T>
class HandOver
{
public:
    void push(T value)
    {
        const auto place = pushed.load(std::memory_order_relaxed);
        while (place - popped.load(std::memory_order_acquire) == values.size())
        {
            spin();
        }
        values[place % values.size()] = std::move(value);
        pushed.store(place + 1, std::memory_order_release);
    }

    T pop()
    {
        const auto place = popped.load(std::memory_order_relaxed);
        while (place == pushed.load(std::memory_order_acquire))
        {
            spin();
        }
        T value = std::move(values[place % values.size()]);
        popped.store(place + 1, std::memory_order_release);
        return value;
    }

private:
    static constexpr std::size_t Capacity = BuffersMost / 4;
    static constexpr std::size_t CacheLineBytes = 64;

    std::array<T, Capacity> values;
    alignas(CacheLineBytes) std::atomic<std::size_t> pushed = 0;
    alignas(CacheLineBytes) std::atomic<std::size_t> popped = 0;
};

template <typename Buffers>
void acquireAndRelease(benchmark::State& state)
{
    onThread(
        [&state]
        {
            Buffers buffers;
            for (auto _ : state)
            {
                auto buffer = buffers.acquire();
                benchmark::DoNotOptimize(buffer);
            }
        });
}

/// The other thread releases each buffer that it is handed, and ends with an empty one.
template <typename Buffers>
void releaseBeside(benchmark::State& state)
{
    onThread(
        [&state]
        {
            Buffers buffers;
            HandOver<typename Buffers::Buffer> handOver;
            const ThreadBeside other(
                [&handOver]
                {
                    while (handOver.pop())
                    {
                    }
                });
            for (auto _ : state)
            {
                auto buffer = buffers.acquire();
                while (!buffer)
                {
                    spin();
                    buffer = buffers.acquire();
                }
                handOver.push(std::move(*buffer));
            }
            handOver.push({});
        });
}

BENCHMARK(acquireAndRelease<Pool>)->Name("buffer/weft")->UseRealTime();
BENCHMARK(acquireAndRelease<Heap>)->Name("buffer/heap")->UseRealTime();
BENCHMARK(releaseBeside<Pool>)->Name("buffer-beside/weft")->UseRealTime();
BENCHMARK(releaseBeside<Heap>)->Name("buffer-beside/heap")->UseRealTime();

} // namespace
