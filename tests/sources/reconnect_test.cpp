#include <weft/sources/reconnect.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;

namespace
{

constexpr Clock::time_point Start(1h);

std::vector<std::chrono::nanoseconds> pausesOf(Reconnect& reconnect, std::size_t count)
{
    std::vector<std::chrono::nanoseconds> pauses;
    while (pauses.size() < count)
    {
        pauses.push_back(reconnect.failed(Start).value());
    }
    return pauses;
}

} // namespace

TEST(Reconnect, pausesAreDrawnBetweenZeroAndACeilingThatDoubles)
{
    const ReconnectPolicy policy{.attemptsMax = 100, .pauseLeast = 100ms, .pauseMost = 1s};
    const std::vector<std::chrono::nanoseconds> ceilings{100ms, 200ms, 400ms, 800ms, 1s, 1s};
    std::vector<std::chrono::nanoseconds> longest(ceilings.size());
    std::vector<std::chrono::nanoseconds> shortest(ceilings.size(), 1h);
    for (std::uint64_t seed = 0; seed < 1000; ++seed)
    {
        Reconnect reconnect(policy, seed);
        const auto pauses = pausesOf(reconnect, ceilings.size());
        for (std::size_t index = 0; index < pauses.size(); ++index)
        {
            longest[index] = std::max(longest[index], pauses[index]);
            shortest[index] = std::min(shortest[index], pauses[index]);
        }
    }
    for (std::size_t index = 0; index < ceilings.size(); ++index)
    {
        EXPECT_LE(longest[index], ceilings[index]);
        EXPECT_GT(longest[index], ceilings[index] * 9 / 10) << "full jitter uses the whole range";
        EXPECT_LT(shortest[index], ceilings[index] / 10);
    }
}

TEST(Reconnect, pausesOfDifferentSourcesDiffer)
{
    const ReconnectPolicy policy{.attemptsMax = 10};
    Reconnect first(policy, 1);
    Reconnect second(policy, 2);
    EXPECT_NE(pausesOf(first, 5), pausesOf(second, 5));
}

TEST(Reconnect, attemptsInARowAreLimited)
{
    Reconnect reconnect({.attemptsMax = 2}, 1);
    EXPECT_TRUE(reconnect.failed(Start));
    EXPECT_TRUE(reconnect.failed(Start));
    EXPECT_FALSE(reconnect.failed(Start));
    EXPECT_EQ(reconnect.attemptsInARow(), 2U);
}

TEST(Reconnect, connectionThatIsAcceptedAndResetGoesOnWithTheRow)
{
    Reconnect reconnect({.attemptsMax = 2, .pauseMost = 10s}, 1);
    EXPECT_TRUE(reconnect.failed(Start));
    reconnect.opened(Start);
    EXPECT_TRUE(reconnect.failed(Start + 1s));
    reconnect.opened(Start + 1s);
    EXPECT_FALSE(reconnect.failed(Start + 2s));
}

TEST(Reconnect, connectionThatDeliveredDataEndsTheRow)
{
    Reconnect reconnect({.attemptsMax = 1}, 1);
    EXPECT_TRUE(reconnect.failed(Start));
    reconnect.opened(Start);
    reconnect.progressed();
    EXPECT_TRUE(reconnect.failed(Start));
    EXPECT_EQ(reconnect.attemptsInARow(), 1U);
    EXPECT_FALSE(reconnect.failed(Start));
}

TEST(Reconnect, silentConnectionThatLastedEndsTheRow)
{
    Reconnect reconnect({.attemptsMax = 1, .pauseMost = 10s}, 1);
    EXPECT_TRUE(reconnect.failed(Start));
    reconnect.opened(Start);
    EXPECT_TRUE(reconnect.failed(Start + 10s));
}

TEST(Reconnect, noAttemptBeginsLaterThanTheTimeAllows)
{
    const ReconnectPolicy policy{
        .attemptsMax = 1000, .timeMax = 30s, .pauseLeast = 20s, .pauseMost = 20s};
    for (std::uint64_t seed = 0; seed < 100; ++seed)
    {
        Reconnect reconnect(policy, seed);
        auto now = Start;
        while (const auto pause = reconnect.failed(now))
        {
            now += *pause;
            EXPECT_LE(now, Start + 30s);
            now += 1ms; // the attempt itself
        }
        EXPECT_GE(now, Start + 30s) << "the time is used up";
    }
}

TEST(Reconnect, withoutAttemptsTheFirstErrorIsFinal)
{
    Reconnect reconnect({}, 1);
    EXPECT_FALSE(reconnect.failed(Start));
    EXPECT_EQ(reconnect.attemptsInARow(), 0U);
}

TEST(Reconnect, longRowsDoNotOverflowThePause)
{
    Reconnect reconnect({.attemptsMax = 1'000'000'000, .pauseLeast = 1ms, .pauseMost = 24h}, 1);
    for (int attempt = 0; attempt < 200; ++attempt)
    {
        const auto pause = reconnect.failed(Start).value();
        EXPECT_GE(pause, 0ns);
        EXPECT_LE(pause, 24h);
    }
}
