#include <weft/memory/memory_error.hpp>
#include <weft/memory/stack_slab.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace weft
{

namespace
{

StackSlabOptions withStacks(std::uint32_t small, std::uint32_t medium, std::uint32_t large)
{
    return StackSlabOptions{.stacks = {small, medium, large}};
}

} // namespace

TEST(StackSlab, theStackGivenBackLastIsTakenNext)
{
    StackSlab slab(withStacks(3, 0, 0));
    const Stack first = slab.take(StackClass::Small).value();
    const Stack second = slab.take(StackClass::Small).value();
    slab.give(first);
    slab.give(second);
    const Stack warm = slab.take(StackClass::Small).value();
    EXPECT_EQ(warm.bottom, second.bottom);
    const Stack next = slab.take(StackClass::Small).value();
    EXPECT_EQ(next.bottom, first.bottom);
    slab.give(warm);
    slab.give(next);
}

TEST(StackSlab, whatLiesOnAStackStaysUntilItIsTakenAgain)
{
    StackSlab slab(withStacks(2, 0, 0));
    const Stack stack = slab.take(StackClass::Small).value();
    stack.top()[-1] = std::byte{0x33};
    slab.give(stack);
    const Stack again = slab.take(StackClass::Small).value();
    EXPECT_EQ(again.bottom, stack.bottom);
    EXPECT_EQ(again.top()[-1], std::byte{0x33});
    slab.give(again);
}

TEST(StackSlab, eachStackThatWasEverTakenIsVisited)
{
    StackSlab slab(withStacks(4, 4, 0));
    const Stack kept = slab.take(StackClass::Small).value();
    const Stack givenBack = slab.take(StackClass::Small).value();
    const Stack medium = slab.take(StackClass::Medium).value();
    slab.give(givenBack);
    std::vector<std::byte*> visited;
    slab.forEachTaken(
        [&visited](const Stack& stack)
        {
            visited.push_back(stack.bottom);
        });
    EXPECT_EQ(visited, (std::vector<std::byte*>{kept.bottom, givenBack.bottom, medium.bottom}));
    slab.give(kept);
    slab.give(medium);
}

TEST(StackSlab, everyByteOfAStackIsUsableInEveryClass)
{
    StackSlab slab(withStacks(2, 2, 2));
    for (const StackClass stackClass : StackClasses)
    {
        const Stack lower = slab.take(stackClass).value();
        const Stack upper = slab.take(stackClass).value();
        EXPECT_GE(lower.sizeBytes, stackSizeBytes(stackClass)) << toString(stackClass);
        EXPECT_EQ(lower.top(), lower.bottom + lower.sizeBytes);
        std::memset(lower.bottom, 0x11, lower.sizeBytes);
        std::memset(upper.bottom, 0x22, upper.sizeBytes);
        EXPECT_EQ(lower.bottom[0], std::byte{0x11});
        EXPECT_EQ(lower.top()[-1], std::byte{0x11});
        slab.give(lower);
        slab.give(upper);
    }
}

TEST(StackSlab, takingFromAnEmptyClassIsAnErrorThatSaysWhatToDo)
{
    StackSlab slab(withStacks(1, 0, 1));
    const Stack only = slab.take(StackClass::Small).value();
    EXPECT_FALSE(slab.available(StackClass::Small));
    const auto refused = slab.take(StackClass::Small);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error(), MemoryError::NoFreeStack);
    EXPECT_NE(refused.error().message().find("more stacks"), std::string::npos);
    EXPECT_EQ(slab.take(StackClass::Medium).error(), MemoryError::NoFreeStack);
    EXPECT_TRUE(slab.available(StackClass::Large));

    slab.give(only);
    EXPECT_TRUE(slab.available(StackClass::Small));
    slab.give(slab.take(StackClass::Small).value());
}

TEST(StackSlab, highWaterIsTheMostThatWereInUseAtOnce)
{
    StackSlab slab(withStacks(8, 0, 0));
    std::vector<Stack> taken;
    for (int count = 0; count < 5; ++count)
    {
        taken.push_back(slab.take(StackClass::Small).value());
    }
    for (const Stack& stack : taken)
    {
        slab.give(stack);
    }
    const Stack again = slab.take(StackClass::Small).value();
    const StackStatistics statistics = slab.statistics(StackClass::Small);
    EXPECT_EQ(statistics.capacity, 8U);
    EXPECT_EQ(statistics.inUse, 1U);
    EXPECT_EQ(statistics.highWater, 5U);
    EXPECT_EQ(slab.statistics(StackClass::Large).highWater, 0U);
    slab.give(again);
}

TEST(StackSlab, anUntouchedStackIsNotResident)
{
    StackSlab slab(withStacks(64, 64, 64));
    for (const StackClass stackClass : StackClasses)
    {
        std::vector<Stack> taken;
        while (auto stack = slab.take(stackClass))
        {
            taken.push_back(*stack);
        }
        EXPECT_EQ(taken.size(), 64U);
        std::size_t residentBytes = 0;
        for (const Stack& stack : taken)
        {
            residentBytes += slab.residentBytes(stack);
        }
        EXPECT_EQ(residentBytes, 0U) << toString(stackClass);

        taken.front().top()[-1] = std::byte{1};
        EXPECT_EQ(slab.residentBytes(taken.front()), pageSizeBytes()) << toString(stackClass);
        EXPECT_EQ(slab.residentBytes(taken[1]), 0U) << toString(stackClass);
        for (const Stack& stack : taken)
        {
            slab.give(stack);
        }
    }
}

TEST(StackSlab, aMappingThatIsRefusedSaysWhatWasAskedFor)
{
    constexpr std::uint32_t Everything = std::numeric_limits<std::uint32_t>::max();
    try
    {
        const StackSlab slab(withStacks(0, 0, Everything));
        FAIL() << "a petabyte of stacks was mapped";
    }
    catch (const std::system_error& error)
    {
        const std::string message = error.what();
        EXPECT_EQ(error.code(), std::errc::not_enough_memory);
        EXPECT_NE(message.find("4294967295 large stacks"), std::string::npos) << message;
        EXPECT_NE(message.find("ulimit -v"), std::string::npos) << message;
    }
}

TEST(StackSlabDeathTest, aStackGivenBackTwiceIsCaught)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    StackSlab slab(withStacks(1, 0, 0));
    const Stack stack = slab.take(StackClass::Small).value();
    slab.give(stack);
    EXPECT_DEATH(slab.give(stack), "assertion failed");
}

} // namespace weft
