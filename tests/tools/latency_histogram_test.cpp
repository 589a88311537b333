#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include <latency_histogram.hpp>

namespace weft::tools
{

namespace
{

using std::chrono::nanoseconds;

/// A quantile may be larger than the true one by one bucket's width, a thirty-second.
void expectNear(nanoseconds seen, std::int64_t truth)
{
    EXPECT_GE(seen.count(), truth);
    EXPECT_LE(seen.count(), truth + truth / 32);
}

} // namespace

TEST(LatencyHistogramTest, anEmptyOneAnswersZero)
{
    const auto summary = LatencyHistogram().summary();
    EXPECT_EQ(summary.p50, nanoseconds::zero());
    EXPECT_EQ(summary.max, nanoseconds::zero());
}

TEST(LatencyHistogramTest, oneValueIsEveryQuantile)
{
    LatencyHistogram histogram;
    histogram.add(nanoseconds(123'456'789));
    const auto summary = histogram.summary();
    EXPECT_EQ(summary.p50, nanoseconds(123'456'789));
    EXPECT_EQ(summary.p999, summary.max);
}

TEST(LatencyHistogramTest, extremesHaveTheirPlace)
{
    LatencyHistogram histogram;
    histogram.add(nanoseconds(-5)); // a clock that is read on two cores
    histogram.add(nanoseconds::max());
    const auto summary = histogram.summary();
    EXPECT_EQ(summary.p50, nanoseconds::zero());
    EXPECT_EQ(summary.max, nanoseconds::max());
}

TEST(LatencyHistogramTest, quantilesOfTwoMergedHalvesAreThoseOfAllValues)
{
    std::mt19937_64 random(7);
    std::lognormal_distribution<double> latencies(12, 2);
    std::array<LatencyHistogram, 2> halves;
    std::vector<std::int64_t> values;
    for (std::size_t index = 0; index < 100'000; ++index)
    {
        values.push_back(static_cast<std::int64_t>(latencies(random)));
        halves[index % 2].add(nanoseconds(values.back()));
    }
    halves[0].merge(halves[1]);
    std::ranges::sort(values);
    const auto summary = halves[0].summary();
    expectNear(summary.p50, values[49'999]);
    expectNear(summary.p99, values[98'999]);
    expectNear(summary.p999, values[99'899]);
    EXPECT_EQ(summary.max.count(), values.back());
}

} // namespace weft::tools
