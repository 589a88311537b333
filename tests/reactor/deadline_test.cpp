#include <weft/reactor/io.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/silent_calls.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <thread>
#include <vector>

/// \file
/// Each call gives up at its deadline, on a reactor and on a plain thread.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

class SilentPeer : public testing::TestWithParam<SilentCall>
{
};

} // namespace

TEST_P(SilentPeer, isGivenUpAtTheDeadlineOnAReactor)
{
    Runtime runtime(smallRuntime());
    const auto error = onFiber(runtime,
                               []
                               {
                                   return GetParam().call(io::after(3ms));
                               });
    EXPECT_EQ(error, IoError::DeadlineExpired);
}

TEST_P(SilentPeer, isNotGivenUpBeforeTheDeadlineOnAReactor)
{
    Runtime runtime(smallRuntime());
    const auto deadline = io::after(3ms);
    onFiber(runtime,
            [&]
            {
                (void)GetParam().call(deadline);
            });
    EXPECT_GE(Clock::now(), deadline);
}

TEST_P(SilentPeer, isGivenUpAtTheDeadlineOnAPlainThread)
{
    EXPECT_EQ(GetParam().call(io::after(3ms)), IoError::DeadlineExpired);
}

TEST_P(SilentPeer, isNotGivenUpBeforeTheDeadlineOnAPlainThread)
{
    const auto deadline = io::after(3ms);
    (void)GetParam().call(deadline);
    EXPECT_GE(Clock::now(), deadline);
}

TEST_P(SilentPeer, isNotWaitedForWhenTheDeadlineHasPassed)
{
    Runtime runtime(smallRuntime());
    const auto error = onFiber(runtime,
                               []
                               {
                                   return GetParam().call(Clock::now() - 1s);
                               });
    EXPECT_EQ(error, IoError::DeadlineExpired);
}

INSTANTIATE_TEST_SUITE_P(Calls, SilentPeer, testing::ValuesIn(silentCalls()),
                         [](const auto& instance)
                         {
                             return instance.param.name;
                         });

TEST(Deadline, thatIsFarAwayDoesNotDisturb)
{
    Runtime runtime(smallRuntime());
    const auto pair = socketPair();
    ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
    std::array<std::byte, 16> buffer;
    const auto received =
        onFiber(runtime,
                [&]
                {
                    return io::recv(pair.first.get(), buffer, 0, io::after(1h)).value();
                });
    EXPECT_EQ(received, 1U);
}

TEST(Deadline, beyondTheClockIsNone)
{
    EXPECT_EQ(io::after(std::chrono::nanoseconds::max()), NoDeadline);
}

TEST(Deadline, isReportedApartFromTheKernelsTimeOut)
{
    EXPECT_NE(make_error_code(IoError::DeadlineExpired), systemError(ETIMEDOUT));
    EXPECT_EQ(make_error_code(IoError::DeadlineExpired), std::errc::timed_out);
    EXPECT_EQ(make_error_code(IoError::Stopped), std::errc::operation_canceled);
}

TEST(Sleep, ofNoTimeSucceeds)
{
    Runtime runtime(smallRuntime());
    const bool slept = onFiber(runtime,
                               []
                               {
                                   return io::sleepFor(0s).has_value();
                               });
    EXPECT_TRUE(slept);
}

TEST(Sleep, onAPlainThreadLastsAtLeastAsLong)
{
    const auto moment = io::after(3ms);
    (void)io::sleepUntil(moment);
    EXPECT_GE(Clock::now(), moment);
}

TEST(Sleep, onAFiberLastsAtLeastAsLong)
{
    Runtime runtime(smallRuntime());
    const auto moment = io::after(3ms);
    onFiber(runtime,
            [&]
            {
                (void)io::sleepUntil(moment);
            });
    EXPECT_GE(Clock::now(), moment);
}

TEST(Sleep, ofManyFibersEndsInTheOrderOfTheirMoments)
{
    Runtime runtime(smallRuntime());
    std::vector<int> order;
    onFiber(runtime,
            [&]
            {
                Clock::time_point start;
                Clock::time_point lastBegan;
                // Again where the machine has paused us for so long that the first moment had
                // passed before the last fiber went to sleep.
                do
                {
                    order.clear();
                    start = io::after(5ms);
                    FiberGroup group;
                    for (const int index : {3, 1, 4, 2, 0})
                    {
                        runtime.spawn(group, {},
                                      [&order, &lastBegan, start, index]
                                      {
                                          lastBegan = Clock::now();
                                          (void)io::sleepUntil(start + index * 5ms);
                                          order.push_back(index);
                                      });
                    }
                    group.joinAll();
                } while (lastBegan >= start);
            });
    EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4}));
}

} // namespace weft
