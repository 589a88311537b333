#include "replay_data.hpp"
#include "replay_rate.hpp"
#include "replay_stream.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// What `weft serve` sends and when, without a server.

namespace weft::tools
{

namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::byte> copyOf(std::string_view text)
{
    const auto bytes = bytesOf(text);
    return {bytes.begin(), bytes.end()};
}

/// The stream's bytes, taken in pieces of at most `pieceBytes`.
std::string contentOf(const ReplayStream& stream, std::size_t pieceBytes)
{
    std::string content;
    while (content.size() < stream.sizeBytes())
    {
        content += textOf(stream.at(content.size(), pieceBytes));
    }
    return content;
}

constexpr std::string_view Text = "one\ntwo\n\nfour";

} // namespace

TEST(ReplayDataTest, linesEndAfterTheirLineFeed)
{
    const auto data = ReplayData::ofLines(copyOf(Text));
    ASSERT_EQ(data.unitCount(), 4U);
    EXPECT_EQ(data.unitBegin(1), 4U);
    EXPECT_EQ(data.unitBegin(2), 8U);
    EXPECT_EQ(data.unitBegin(3), 9U);
    EXPECT_EQ(data.unitBegin(4), Text.size());
}

TEST(ReplayDataTest, lastChunkMayBeShorter)
{
    const auto data = ReplayData::ofChunks(copyOf(Text), 5);
    ASSERT_EQ(data.unitCount(), 3U);
    EXPECT_EQ(data.unitBegin(2), 10U);
    EXPECT_EQ(data.unitBegin(3), Text.size());
    EXPECT_EQ(ReplayData::ofChunks(copyOf(Text), std::size_t{1} << 40).unitCount(), 1U);
    EXPECT_EQ(ReplayData::ofChunks({}, 5).unitCount(), 0U);
}

TEST(ReplayStreamTest, piecesOfAnySizeMakeTheSameBytes)
{
    const auto data = ReplayData::ofLines(copyOf(Text));
    const ReplayStream stream(data, 2, 2);
    const std::string round = "\nfourone\ntwo\n";
    for (const std::size_t pieceBytes : {1U, 3U, 7U, 100U})
    {
        EXPECT_EQ(contentOf(stream, pieceBytes), round + round);
    }
}

TEST(ReplayStreamTest, unitsAreCountedFromTheFirstOfTheStream)
{
    const auto data = ReplayData::ofLines(copyOf(Text));
    const ReplayStream stream(data, 2, 2);
    EXPECT_EQ(stream.endOfUnits(0), 0U);
    EXPECT_EQ(stream.endOfUnits(1), 1U);
    EXPECT_EQ(stream.endOfUnits(2), 5U);
    EXPECT_EQ(stream.endOfUnits(3), 9U);
    EXPECT_EQ(stream.endOfUnits(4), 13U);
    EXPECT_EQ(stream.endOfUnits(5), 14U);
    EXPECT_EQ(stream.endOfUnits(8), 26U);
    EXPECT_EQ(stream.endOfUnits(9), 26U);
    EXPECT_EQ(stream.endOfUnits(ReplayStream::Endless), 26U);
}

TEST(ReplayStreamTest, endlessStreamGoesRoundAndRound)
{
    const auto data = ReplayData::ofLines(copyOf(Text));
    const ReplayStream stream(data, 0, ReplayStream::Endless);
    EXPECT_EQ(stream.sizeBytes(), ReplayStream::Endless);
    EXPECT_EQ(textOf(stream.at(Text.size() * 1'000'000'000'000 + 4, 4)), "two\n");
    EXPECT_EQ(stream.endOfUnits(4'000'000'000'001), Text.size() * 1'000'000'000'000 + 4);
}

TEST(ReplayStreamTest, emptyDataIsAnEmptyStreamHoweverOften)
{
    const auto data = ReplayData::ofLines({});
    const ReplayStream stream(data, 0, ReplayStream::Endless);
    EXPECT_EQ(stream.sizeBytes(), 0U);
    EXPECT_EQ(stream.endOfUnits(5), 0U);
}

TEST(ReplayRateTest, countsAndSizesPerSecondAreUnderstood)
{
    const auto lines = ReplayRate::parse("1000/s");
    ASSERT_TRUE(lines);
    EXPECT_EQ(lines->unit, ReplayRate::Unit::Units);
    EXPECT_EQ(lines->perSecond, 1000);

    const auto bytes = ReplayRate::parse("10MiB/s");
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->unit, ReplayRate::Unit::Bytes);
    EXPECT_EQ(bytes->perSecond, 10 * 1024 * 1024);

    EXPECT_EQ(ReplayRate::parse("0.5/s")->perSecond, 0.5);
    EXPECT_EQ(ReplayRate::parse("unlimited")->unit, ReplayRate::Unit::Unlimited);
}

TEST(ReplayRateTest, anythingElseIsRefused)
{
    for (const auto* const text : {"", "/s", "1000", "fast", "0/s", "-1/s", "nan/s", "inf/s",
                                   "1e99/s", "10MiB", "10 apples/s", "1000/m"})
    {
        EXPECT_FALSE(ReplayRate::parse(text)) << text;
    }
}

TEST(ReplayPaceTest, linesAreDueOneByOne)
{
    const auto data = ReplayData::ofLines(copyOf(Text));
    const ReplayStream stream(data, 0, ReplayStream::Endless);
    const Clock::time_point start{};
    const ReplayPace pace(*ReplayRate::parse("10/s"), stream, start);
    EXPECT_EQ(pace.positionDue(start), 4U);
    EXPECT_EQ(pace.positionDue(start + milliseconds(99)), 4U);
    EXPECT_EQ(pace.nextWakeUp(start + milliseconds(20)), start + milliseconds(100));
    EXPECT_EQ(pace.positionDue(start + milliseconds(101)), 8U);
}

TEST(ReplayPaceTest, lateWakeUpsDoNotAddUp)
{
    const auto data = ReplayData::ofLines(copyOf("line\n"));
    const ReplayStream stream(data, 0, ReplayStream::Endless);
    const Clock::time_point start{};
    const ReplayPace pace(*ReplayRate::parse("100/s"), stream, start);
    auto now = start;
    for (int wakeUp = 0; wakeUp < 10'000; ++wakeUp)
    {
        now = pace.nextWakeUp(now) + milliseconds(7);
    }
    // Each was 7 ms late, and the last one too: the next of 10 ms is not due yet.
    EXPECT_EQ(now, start + milliseconds(10) * 10'000 + milliseconds(7));
    EXPECT_EQ(pace.positionDue(now), 10'001 * 5U);
}

TEST(ReplayPaceTest, wakeUpsOfFastRatesAreNotFasterThanTheirInterval)
{
    const auto data = ReplayData::ofLines(copyOf(Text));
    const ReplayStream stream(data, 0, ReplayStream::Endless);
    const Clock::time_point start{};
    const ReplayPace pace(*ReplayRate::parse("1GB/s"), stream, start);
    const auto now = start + seconds(1);
    EXPECT_EQ(pace.nextWakeUp(now), now + ReplayPace::WakeUpInterval);
    EXPECT_EQ(pace.positionDue(now), 1'000'000'001U);
}

/// More units are due than 64 bits count; the stream must not jump back to its beginning.
TEST(ReplayPaceTest, streamDoesNotGoBackAfterAYearAtTheHighestRate)
{
    const auto data = ReplayData::ofLines(copyOf("line\n"));
    const ReplayStream stream(data, 0, ReplayStream::Endless);
    const Clock::time_point start{};
    const ReplayPace pace(*ReplayRate::parse("1000000000000/s"), stream, start);
    constexpr std::chrono::hours Day{24};
    EXPECT_GE(pace.positionDue(start + 400 * Day), pace.positionDue(start + 200 * Day));
    EXPECT_EQ(pace.positionDue(start + 4000 * Day), ReplayStream::Endless);
}

TEST(ReplayPaceTest, everythingIsDueAtOnceWithoutALimit)
{
    const auto data = ReplayData::ofLines(copyOf(Text));
    const ReplayStream stream(data, 0, 3);
    const ReplayPace pace({}, stream, Clock::time_point{});
    EXPECT_EQ(pace.positionDue(Clock::time_point{}), 3 * Text.size());
}

} // namespace weft::tools
