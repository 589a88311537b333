#include "message_pace.hpp"

#include <gtest/gtest.h>

namespace weft::test
{

namespace
{

using namespace std::chrono_literals;
using mesh::MessagePace;

constexpr Clock::time_point Begin{1h};

} // namespace

TEST(MessagePaceTest, eachMessageIsDueOnce)
{
    MessagePace pace(1000, Begin);
    EXPECT_EQ(pace.takeDue(Begin), 1U);
    EXPECT_EQ(pace.takeDue(Begin), 0U);
    EXPECT_EQ(pace.nextWakeUp(), Begin + 1ms);
    EXPECT_EQ(pace.takeDue(Begin + 10ms), 10U);
    EXPECT_EQ(pace.takeDue(Begin + 10999us), 0U);
    EXPECT_EQ(pace.takeDue(Begin + 11ms), 1U);
}

TEST(MessagePaceTest, whatNobodyWasThereToSendIsLeftOut)
{
    MessagePace pace(1000, Begin);
    EXPECT_EQ(pace.takeDue(Begin + 1h), 101U); // a tenth of a second, and the one due now
    EXPECT_EQ(pace.nextWakeUp(), Begin + 1h + 1ms);
}

TEST(MessagePaceTest, aRateOfZeroSendsNothing)
{
    MessagePace pace(0, Begin);
    EXPECT_EQ(pace.nextWakeUp(), NoDeadline);
    EXPECT_EQ(pace.takeDue(Begin + 1h), 0U);
}

} // namespace weft::test
