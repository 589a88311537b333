#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/silent_calls.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

/// \file
/// A fiber's wait ends when its deadline is brought forward, and no other wait does.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

FiberRecord& thisFiberRecord()
{
    return *Scheduler::current()->activeRecord();
}

/// Runs `wait` on a fiber; once it is suspended, `meanwhile` on another of the same reactor.
template <typename Wait, typename Meanwhile>
void runWhileSuspended(Wait wait, Meanwhile meanwhile)
{
    Runtime runtime(smallRuntime());
    FiberRecord* record = nullptr;
    auto waiter = runtime.spawn(testFiber("waiter"),
                                [&]
                                {
                                    record = &thisFiberRecord();
                                    wait();
                                });
    awaitState(runtime, "waiter", FiberState::Suspended);
    onFiber(runtime,
            [&]
            {
                meanwhile(*record);
            });
    waiter.join();
}

class BringForward : public testing::TestWithParam<SilentCall>
{
};

std::vector<SilentCall> calls()
{
    auto calls = silentCalls();
    calls.push_back({"acquireBuffer", acquireWhenAllBuffersAreHeld});
    return calls;
}

} // namespace

TEST_P(BringForward, endsTheWaitInProgress)
{
    const auto deadline = io::after(1h);
    std::error_code error;
    runWhileSuspended(
        [&]
        {
            const StopShield shield; // hides a stop only
            error = GetParam().call(deadline);
        },
        [&](FiberRecord& record)
        {
            record.bringForward(deadline);
        });
    EXPECT_EQ(error, IoError::DeadlineExpired);
}

TEST_P(BringForward, ofAnotherDeadlineDoesNotEndTheWait)
{
    const auto deadline = io::after(1h);
    bool ended = false;
    bool endedByAnother = false;
    runWhileSuspended(
        [&]
        {
            (void)GetParam().call(deadline);
            ended = true;
        },
        [&](FiberRecord& record)
        {
            record.bringForward(deadline + 1h);
            // Time for a cancellation to come round, if there were one.
            (void)io::sleepFor(5ms);
            endedByAnother = ended;
            record.bringForward(deadline);
        });
    EXPECT_TRUE(ended);
    EXPECT_FALSE(endedByAnother);
}

INSTANTIATE_TEST_SUITE_P(Calls, BringForward, testing::ValuesIn(calls()),
                         [](const auto& instance)
                         {
                             return instance.param.name;
                         });

TEST(BringForward, whenNoneWaitsEndsTheNextWaitOnly)
{
    Runtime runtime(smallRuntime());
    const auto deadline = io::after(20ms);
    std::error_code other;
    std::error_code first;
    Deadline firstEnded;
    Deadline secondEnded;
    onFiber(runtime,
            [&]
            {
                thisFiberRecord().bringForward(deadline);
                other = receiveFromASilentPeer(io::after(1ms));
                first = receiveFromASilentPeer(deadline);
                firstEnded = Clock::now();
                (void)receiveFromASilentPeer(deadline);
                secondEnded = Clock::now();
            });
    EXPECT_EQ(other, IoError::DeadlineExpired);
    EXPECT_EQ(first, IoError::DeadlineExpired);
    EXPECT_LT(firstEnded, deadline);
    EXPECT_GE(secondEnded, deadline);
}

TEST(BringForward, ofASleepLetsItSucceedEarly)
{
    const auto deadline = io::after(1h);
    bool slept = false;
    runWhileSuspended(
        [&]
        {
            slept = io::sleepUntil(deadline).has_value();
        },
        [&](FiberRecord& record)
        {
            record.bringForward(deadline);
        });
    EXPECT_TRUE(slept);
}

TEST(BringForward, doesNotEndAWaitWithoutDeadline)
{
    const auto pair = socketPair();
    std::size_t received = 0;
    runWhileSuspended(
        [&]
        {
            std::array<std::byte, 16> buffer;
            received = io::recv(pair.first.get(), buffer).value_or(0);
        },
        [&](FiberRecord& record)
        {
            record.bringForward(io::after(1h));
            ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
        });
    EXPECT_EQ(received, 1U);
}

TEST(BringForward, thatRacesWithBytesReturnsThemAndEndsTheWaitAfterThem)
{
    const auto pair = socketPair();
    const auto deadline = io::after(1h);
    std::vector<std::size_t> received;
    runWhileSuspended(
        [&]
        {
            std::array<std::byte, 16> buffer;
            while (const auto bytes = io::recv(pair.first.get(), buffer, 0, deadline))
            {
                received.push_back(*bytes);
            }
        },
        [&](FiberRecord& record)
        {
            ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
            record.bringForward(deadline);
        });
    // Taken by the call that was giving up, or left in the socket; never lost.
    std::array<std::byte, 16> buffer;
    const auto left = ::recv(pair.first.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    EXPECT_EQ(received.size() + static_cast<std::size_t>(std::max<ssize_t>(left, 0)), 1U);
}

} // namespace weft
