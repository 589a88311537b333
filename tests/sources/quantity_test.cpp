#include <weft/sources/quantity.hpp>

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using namespace weft;

TEST(Quantity, durationsHaveUnits)
{
    EXPECT_EQ(parseDuration("250ms"), 250ms);
    EXPECT_EQ(parseDuration("1.5s"), 1500ms);
    EXPECT_EQ(parseDuration("10 us"), 10us);
    EXPECT_EQ(parseDuration("2m"), 2min);
    EXPECT_EQ(parseDuration("1h"), 1h);
    EXPECT_EQ(parseDuration("7ns"), 7ns);
    EXPECT_EQ(parseDuration("0"), 0ns);
}

TEST(Quantity, durationsThatCannotBeMeantAreRefused)
{
    for (const auto* const text : {"", "10", "-5ms", "5 parsecs", "ms", "nan s", "1e300h", "10msx"})
    {
        EXPECT_FALSE(parseDuration(text)) << text;
    }
    EXPECT_NE(parseDuration("10").error().find("250ms"), std::string::npos);
}

TEST(Quantity, sizesAreBinaryOrDecimal)
{
    EXPECT_EQ(parseSize("4096"), 4096U);
    EXPECT_EQ(parseSize("4KiB"), 4096U);
    EXPECT_EQ(parseSize("4kB"), 4000U);
    EXPECT_EQ(parseSize("1.5MiB"), 1572864U);
    EXPECT_EQ(parseSize("2 GiB"), 2147483648U);
    EXPECT_FALSE(parseSize("4K"));
    EXPECT_FALSE(parseSize("-1"));
    EXPECT_FALSE(parseSize("1e30GiB"));
}

TEST(Quantity, wholeNumbersKeepTheirLastDigit)
{
    // Both need more than the 53 bits of a double.
    EXPECT_EQ(parseDuration("9007199254740993ns"), 9007199254740993ns);
    EXPECT_EQ(parseSize("9007199254740993"), 9007199254740993U);
}

TEST(Quantity, whatIsPrintedOfALargeSizeCanBeWritten)
{
    EXPECT_EQ(parseSize(formatSize(std::uint64_t{2} << 40)), std::uint64_t{2} << 40);
    EXPECT_EQ(parseSize("3TB"), 3'000'000'000'000U);
}

TEST(Quantity, integersAreWhole)
{
    EXPECT_EQ(parseInteger("-12"), -12);
    EXPECT_FALSE(parseInteger("1.5"));
    EXPECT_FALSE(parseInteger("12x"));
    EXPECT_FALSE(parseInteger(""));
    EXPECT_FALSE(parseInteger("99999999999999999999"));
}

TEST(Quantity, formattingChoosesTheUnit)
{
    EXPECT_EQ(formatDuration(10ms), "10ms");
    EXPECT_EQ(formatDuration(1500us), "1.50ms");
    EXPECT_EQ(formatDuration(90s), "90s");
    EXPECT_EQ(formatSize(512), "512 B");
    EXPECT_EQ(formatSize(4096), "4.0 KiB");
}
