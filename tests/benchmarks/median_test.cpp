#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include <median.hpp>

using namespace std::chrono_literals;

namespace weft::bench
{

TEST(Median, isTheMiddleOne)
{
    EXPECT_EQ(medianOf(std::vector{5.0, 1.0, 100.0}), 5.0);
    EXPECT_EQ(medianOf(std::vector{7ms}), 7ms);
}

TEST(Median, ofAnEvenCountIsHalfwayBetweenTheTwoInTheMiddle)
{
    EXPECT_EQ(medianOf(std::vector{4.0, 1.0, 100.0, 2.0}), 3.0);
    EXPECT_EQ(medianOf(std::vector<std::chrono::nanoseconds>{4us, 1us}), 2500ns);
}

TEST(Median, ofNothingIsZero)
{
    EXPECT_EQ(medianOf(std::vector<double>{}), 0.0);
}

} // namespace weft::bench
