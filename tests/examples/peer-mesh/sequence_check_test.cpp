#include "sequence_check.hpp"

#include <gtest/gtest.h>

namespace weft::test
{

using mesh::SequenceCheck;

TEST(SequenceCheckTest, countsFromTheFirstThatComes)
{
    SequenceCheck check;
    check.begin(1);
    check.take(100);
    check.take(101);
    EXPECT_EQ(check.missed(), 0U);
    check.take(104);
    EXPECT_EQ(check.missed(), 2U);
    EXPECT_EQ(check.repeated(), 0U);
}

TEST(SequenceCheckTest, theSameOrAnOlderNumberIsRepeated)
{
    SequenceCheck check;
    check.begin(1);
    for (const std::uint64_t number : {5, 5, 4, 6})
    {
        check.take(number);
    }
    EXPECT_EQ(check.repeated(), 2U);
    EXPECT_EQ(check.missed(), 0U);
}

TEST(SequenceCheckTest, goesOnForTheSameIncarnationOnly)
{
    SequenceCheck check;
    check.begin(1);
    check.take(5);
    check.begin(1);
    check.take(8);
    EXPECT_EQ(check.missed(), 2U);
    check.begin(2);
    check.take(0);
    EXPECT_EQ(check.missed(), 2U);
    EXPECT_EQ(check.repeated(), 0U);
}

} // namespace weft::test
