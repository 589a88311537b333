#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include <scaling/scaling_law.hpp>

namespace weft::bench
{

namespace
{

std::vector<ScalingPoint> pointsOf(const ScalingLaw& law, std::initializer_list<std::size_t> counts)
{
    std::vector<ScalingPoint> points;
    for (const auto count : counts)
    {
        points.push_back({count, law.throughput(static_cast<double>(count))});
    }
    return points;
}

TEST(ScalingLaw, recoversTheParametersThatMadeThePoints)
{
    for (const auto& made : {ScalingLaw{.lambda = 2.5, .sigma = 0.03, .kappa = 0.0004},
                             ScalingLaw{.lambda = 995'000, .sigma = 0.2, .kappa = 0.00001},
                             ScalingLaw{.lambda = 1, .sigma = 0, .kappa = 0.01},
                             ScalingLaw{.lambda = 1, .sigma = 0.5, .kappa = 0},
                             ScalingLaw{.lambda = 7, .sigma = 0, .kappa = 0}})
    {
        const auto fitted = fitScalingLaw(pointsOf(made, {1, 2, 4, 8, 16, 64, 256}));
        ASSERT_TRUE(fitted.has_value());
        EXPECT_NEAR(fitted->lambda / made.lambda, 1, 1e-6);
        EXPECT_NEAR(fitted->sigma, made.sigma, 1e-6);
        EXPECT_NEAR(fitted->kappa, made.kappa, 1e-8);
    }
}

TEST(ScalingLaw, fourPointsAreEnoughAndThreeAreNot)
{
    const ScalingLaw made{.lambda = 3, .sigma = 0.1, .kappa = 0.002};
    EXPECT_TRUE(fitScalingLaw(pointsOf(made, {1, 2, 4, 8})).has_value());
    EXPECT_FALSE(fitScalingLaw(pointsOf(made, {1, 2, 4})).has_value());
    EXPECT_FALSE(fitScalingLaw({}).has_value());
}

TEST(ScalingLaw, theSameNumberOfReactorsAgainIsNoOtherPoint)
{
    const ScalingLaw made{.lambda = 3, .sigma = 0.1, .kappa = 0.002};
    EXPECT_FALSE(fitScalingLaw(pointsOf(made, {1, 2, 4, 4, 4})).has_value());
}

TEST(ScalingLaw, refusesAThroughputOfZero)
{
    auto points = pointsOf({.lambda = 3, .sigma = 0.1, .kappa = 0}, {1, 2, 4, 8});
    points[2].throughput = 0;
    EXPECT_FALSE(fitScalingLaw(points).has_value());
}

TEST(ScalingLaw, parametersAreNeverNegative)
{
    // More than linear, as caches that are shared out can make it.
    const std::vector<ScalingPoint> better{{1, 10}, {2, 21}, {4, 44}, {8, 90}};
    const auto linear = fitScalingLaw(better);
    ASSERT_TRUE(linear.has_value());
    EXPECT_EQ(linear->sigma, 0);
    EXPECT_EQ(linear->kappa, 0);
    EXPECT_GT(linear->lambda, 10);

    // Bent the other way than coherency bends it: all of it goes to contention.
    const std::vector<ScalingPoint> flattening{{1, 10}, {2, 15}, {4, 24}, {8, 46}};
    const auto contended = fitScalingLaw(flattening);
    ASSERT_TRUE(contended.has_value());
    EXPECT_GT(contended->sigma, 0);
    EXPECT_EQ(contended->kappa, 0);
}

TEST(ScalingLaw, staysNearWhenPointsAreNoisy)
{
    auto points = pointsOf({.lambda = 4, .sigma = 0.02, .kappa = 0.0005}, {1, 2, 4, 8, 16, 32});
    double noise = 1.01;
    for (auto& point : points)
    {
        point.throughput *= noise;
        noise = 2 - noise;
    }
    const auto fitted = fitScalingLaw(points);
    ASSERT_TRUE(fitted.has_value());
    EXPECT_NEAR(fitted->lambda, 4, 0.1);
    EXPECT_NEAR(fitted->sigma, 0.02, 0.02);
    EXPECT_NEAR(fitted->kappa, 0.0005, 0.0003);
}

TEST(ScalingLaw, peaksWhereMoreReactorsDoLess)
{
    const ScalingLaw law{.lambda = 1, .sigma = 0.19, .kappa = 0.0001};
    ASSERT_TRUE(law.peakReactors().has_value());
    const double peak = *law.peakReactors();
    EXPECT_NEAR(peak, 90, 1e-9);
    EXPECT_GT(law.throughput(peak), law.throughput(peak - 1));
    EXPECT_GT(law.throughput(peak), law.throughput(peak + 1));
    EXPECT_FALSE((ScalingLaw{.lambda = 1, .sigma = 0.1, .kappa = 0}).peakReactors().has_value());
}

} // namespace

} // namespace weft::bench
