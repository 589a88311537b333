#include <weft/fibers/this_fiber.hpp>

#include "tests/support/runtime.hpp"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstddef>

namespace weft
{

namespace
{

constexpr int TooDeepForSmall = 40; // frames of more than half a KiB: beyond 16 KiB, far from 64
constexpr int TooDeepForLarge = 1000;

[[gnu::noinline]] int recurse(int depth)
{
    std::array<volatile char, 600> frame;
    frame[0] = static_cast<char>(depth);
    const int deeper = depth > 0 ? recurse(depth - 1) : 0;
    return deeper + frame[0];
}

void recurseOnFiber(StackClass stackClass, int depth)
{
    Runtime runtime(smallRuntime());
    runtime
        .spawn({.name = "recursive", .stack = stackClass},
               [depth]
               {
                   volatile int sum = recurse(depth);
                   (void)sum;
               })
        .join();
}

void runOnSmallFiber(void (*function)())
{
    Runtime runtime(smallRuntime());
    runtime.spawn({}, function).join();
}

/// Read at run time, so that the compiler does not see where it leads.
volatile int* volatile NowhereAddress = nullptr;

class StackOverflowDeathTest : public testing::Test
{
protected:
    void SetUp() override
    {
#if defined(WEFT_ADDRESS_SANITIZER) || defined(WEFT_THREAD_SANITIZER)
        GTEST_SKIP() << "the sanitizer handles SIGSEGV itself and its frames are larger";
#endif
        GTEST_FLAG_SET(death_test_style, "threadsafe");
    }
};

} // namespace

TEST_F(StackOverflowDeathTest, endsTheProcessBySegmentationFault)
{
    EXPECT_EXIT(recurseOnFiber(StackClass::Small, TooDeepForSmall),
                testing::KilledBySignal(SIGSEGV), "");
}

TEST_F(StackOverflowDeathTest, namesTheFiberAndItsClass)
{
    EXPECT_DEATH(recurseOnFiber(StackClass::Small, TooDeepForSmall),
                 "stack overflow in fiber 'recursive' \\(id [0-9]+\\): 16 KiB, class small");
}

TEST_F(StackOverflowDeathTest, namesTheSecondFiberOnAStackAndNotTheFirst)
{
    EXPECT_DEATH(
        {
            Runtime runtime(smallRuntime());
            runtime.spawn({.name = "before"}, [] {}).join();
            runtime
                .spawn({.name = "recursive"},
                       []
                       {
                           volatile int sum = recurse(TooDeepForSmall);
                           (void)sum;
                       })
                .join();
        },
        "stack overflow in fiber 'recursive'");
}

TEST_F(StackOverflowDeathTest, saysHowToGetALargerStack)
{
    EXPECT_DEATH(recurseOnFiber(StackClass::Small, TooDeepForSmall),
                 "spawn it with a larger one: SpawnOptions::stack = StackClass::Medium");
}

TEST_F(StackOverflowDeathTest, saysWhenThereIsNoLargerStack)
{
    EXPECT_DEATH(recurseOnFiber(StackClass::Large, TooDeepForLarge),
                 "256 KiB, class large, is the largest: keep large objects off its stack");
}

TEST_F(StackOverflowDeathTest, aFaultElsewhereIsNotCalledAnOverflow)
{
    EXPECT_EXIT(runOnSmallFiber(
                    []
                    {
                        *NowhereAddress = 1;
                    }),
                testing::KilledBySignal(SIGSEGV), "^$");
}

TEST_F(StackOverflowDeathTest, aSignalThatIsSentIsNotSwallowed)
{
    EXPECT_EXIT(runOnSmallFiber(
                    []
                    {
                        std::raise(SIGSEGV);
                    }),
                testing::KilledBySignal(SIGSEGV), "^$");
}

TEST(StackClasses, mediumStackHoldsWhatOverflowsASmallOne)
{
    EXPECT_NO_THROW(recurseOnFiber(StackClass::Medium, TooDeepForSmall));
}

} // namespace weft
