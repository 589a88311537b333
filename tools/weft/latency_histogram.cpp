#include "latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weft::tools
{

void LatencyHistogram::add(std::chrono::nanoseconds latency) noexcept
{
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
    ++counts[bucketOf(value)];
    ++total;
    largest = std::max(largest, value);
}

void LatencyHistogram::merge(const LatencyHistogram& other) noexcept
{
    for (std::size_t bucket = 0; bucket < BucketCount; ++bucket)
    {
        counts[bucket] += other.counts[bucket];
    }
    total += other.total;
    largest = std::max(largest, other.largest);
}

LatencySummary LatencyHistogram::summary() const noexcept
{
    return {
        .p50 = quantile(0.5),
        .p99 = quantile(0.99),
        .p999 = quantile(0.999),
        .max = std::chrono::nanoseconds(largest),
    };
}

/// Values below 2^SubBits have a bucket each; above, the leading one chooses a group of buckets and
/// the SubBits after it the bucket.
std::size_t LatencyHistogram::bucketOf(std::uint64_t value) noexcept
{
    constexpr std::uint64_t Linear = std::uint64_t{1} << SubBits;
    if (value < Linear)
    {
        return value;
    }
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - SubBits - 1;
    return (std::size_t{shift + 1} << SubBits) + ((value >> shift) - Linear);
}

std::uint64_t LatencyHistogram::largestIn(std::size_t bucket) noexcept
{
    constexpr std::uint64_t Linear = std::uint64_t{1} << SubBits;
    if (bucket < Linear)
    {
        return bucket;
    }
    const auto shift = (bucket >> SubBits) - 1;
    const auto leading = Linear + (bucket & (Linear - 1));
    return ((leading + 1) << shift) - 1;
}

std::chrono::nanoseconds LatencyHistogram::quantile(double share) const noexcept
{
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < BucketCount; ++bucket)
    {
        seen += counts[bucket];
        if (seen >= wanted)
        {
            return std::chrono::nanoseconds(std::min(largestIn(bucket), largest));
        }
    }
    return std::chrono::nanoseconds(largest);
}

} // namespace weft::tools
