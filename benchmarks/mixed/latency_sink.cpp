#include "latency_sink.hpp"

#include <weft/timers/clock.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

namespace weft::bench
{

LatencySink::LatencySink(std::size_t sources, std::size_t messagesMax)
    : partials(sources),
      samples(messagesMax)
{
}

void LatencySink::take(OriginId source, const IoBuffer& buffer)
{
    const auto nowNs = Clock::now().time_since_epoch().count(); // CLOCK_MONOTONIC
    auto& partial = partials[source];
    auto bytes = buffer.bytes();
    while (!bytes.empty())
    {
        const auto count = std::min(bytes.size(), Message::SizeBytes - partial.sizeBytes);
        std::memcpy(reinterpret_cast<std::byte*>(&partial.message) + partial.sizeBytes,
                    bytes.data(), count);
        partial.sizeBytes += count;
        bytes = bytes.subspan(count);
        if (partial.sizeBytes < Message::SizeBytes)
        {
            return;
        }
        partial.sizeBytes = 0;
        const auto place = sampleCount.load(std::memory_order_relaxed);
        if (measuring.load(std::memory_order_relaxed) && place < samples.size())
        {
            samples[place] = nowNs - partial.message.sentNs;
            sampleCount.store(place + 1, std::memory_order_release);
        }
        if (partial.message.number < partial.nextNumber)
        {
            failureCount.fetch_add(1);
        }
        partial.nextNumber = partial.message.number + 1;
    }
}

void LatencySink::noteFailure(const SourceFailure& failure)
{
    failureCount.fetch_add(1);
    fmt::print(stderr, "weft-bench-mixed: {}\n", failure.message);
}

void LatencySink::begin()
{
    sampleCount.store(0);
    measuring.store(true);
}

Latencies LatencySink::end()
{
    measuring.store(false);
    // Whoever has seen it true has written its sample by then.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto count = sampleCount.load(std::memory_order_acquire);
    std::sort(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(count));
    const auto quantile = [this, count](double share)
    {
        if (count == 0)
        {
            return std::chrono::nanoseconds::zero();
        }
        const auto rank = std::ceil(share * static_cast<double>(count));
        const auto place = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
        return std::chrono::nanoseconds(samples[place]);
    };
    return {.messages = count,
            .p50 = quantile(0.5),
            .p99 = quantile(0.99),
            .p999 = quantile(0.999),
            .max = quantile(1.0)};
}

} // namespace weft::bench
