#pragma once

#include "ingest_result.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weft::tools
{

/// Counts durations in buckets whose width grows with the duration: at most 1/32 of it, so that a
/// quantile is at most 3.2 % too large. Fixed size. One thread.
class LatencyHistogram
{
public:
    void add(std::chrono::nanoseconds latency) noexcept;

    void merge(const LatencyHistogram& other) noexcept;

    /// All zero when nothing was counted.
    LatencySummary summary() const noexcept;

private:
    static constexpr unsigned SubBits = 5; // 32 buckets for each power of two
    static constexpr std::size_t BucketCount = (64 - SubBits + 1) << SubBits;

    static std::size_t bucketOf(std::uint64_t value) noexcept;
    static std::uint64_t largestIn(std::size_t bucket) noexcept;
    std::chrono::nanoseconds quantile(double share) const noexcept;

    std::array<std::uint64_t, BucketCount> counts{};
    std::uint64_t total = 0;
    std::uint64_t largest = 0;
};

} // namespace weft::tools
