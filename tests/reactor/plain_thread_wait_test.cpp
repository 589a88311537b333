#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/races.hpp"
#include "tests/support/silent_calls.hpp"
#include "tests/support/stoppable_thread.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <vector>

/// \file
/// The waits of a plain thread with ThreadWaits end at a deadline, by a stop and when their
/// deadline is brought forward, as those of a fiber do.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

std::error_code sleepUntilStopped(Deadline deadline)
{
    const auto slept = io::sleepUntil(deadline);
    return slept ? make_error_code(IoError::DeadlineExpired) : slept.error();
}

std::vector<SilentCall> interruptibleCalls()
{
    auto calls = silentCalls();
    calls.push_back({"sleep", sleepUntilStopped});
    calls.push_back({"offloadAbandonable", abandonableCallThatHangs});
    return calls;
}

class OnAPlainThread : public testing::TestWithParam<SilentCall>
{
protected:
    static std::error_code call(Deadline deadline)
    {
        return GetParam().call(deadline);
    }
};

} // namespace

TEST_P(OnAPlainThread, theDeadlineEndsTheWaitAndNotBefore)
{
    const auto deadline = io::after(3ms);
    std::error_code error;
    Deadline ended;
    StoppableThread thread(
        [&]
        {
            error = call(deadline);
            ended = Clock::now();
        });
    thread.join();
    EXPECT_EQ(error, IoError::DeadlineExpired);
    EXPECT_GE(ended, deadline);
}

TEST_P(OnAPlainThread, aStopThatIsThereAlreadyRefusesTheWait)
{
    std::error_code error;
    std::latch stopped(1);
    StoppableThread thread(
        [&]
        {
            stopped.wait();
            error = call(NoDeadline);
        });
    thread.requestStop();
    stopped.count_down();
    thread.join();
    EXPECT_EQ(error, IoError::Stopped);
}

TEST_P(OnAPlainThread, aStopEndsTheWait)
{
    std::error_code error;
    StoppableThread thread(
        [&]
        {
            error = call(NoDeadline);
        });
    thread.awaitAsleep();
    thread.requestStop();
    thread.join();
    EXPECT_EQ(error, IoError::Stopped);
}

TEST_P(OnAPlainThread, aStopAtARandomMomentEndsTheWait)
{
    int others = 0;
    for (int round = 0; round < 50; ++round)
    {
        std::error_code error;
        StoppableThread thread(
            [&]
            {
                error = call(NoDeadline);
            });
        spinFor(std::chrono::microseconds(round * 4));
        thread.requestStop();
        thread.join();
        others += error == IoError::Stopped ? 0 : 1;
    }
    EXPECT_EQ(others, 0);
}

TEST_P(OnAPlainThread, aStopBehindAShieldIsNotSeenAndTheDeadlineIs)
{
    std::error_code error;
    StoppableThread thread(
        [&]
        {
            const StopShield shield;
            error = call(io::after(20ms));
        });
    thread.awaitAsleep();
    thread.requestStop();
    thread.join();
    EXPECT_EQ(error, IoError::DeadlineExpired);
}

TEST_P(OnAPlainThread, aStopBehindAShieldIsSeenByTheNextWait)
{
    std::error_code error;
    StoppableThread thread(
        [&]
        {
            {
                const StopShield shield;
                (void)call(io::after(5ms));
            }
            error = call(NoDeadline);
        });
    thread.requestStop();
    thread.join();
    EXPECT_EQ(error, IoError::Stopped);
}

TEST_P(OnAPlainThread, aShieldedStopDoesNotMakeTheWaitSpin)
{
    const auto deadline = io::after(1h);
    std::error_code error;
    StoppableThread thread(
        [&]
        {
            const StopShield shield;
            error = call(deadline);
        });
    thread.awaitAsleep();
    thread.requestStop();
    thread.awaitAsleep(); // one that spins never is
    thread.waits().bringForward(deadline);
    thread.join();
    EXPECT_EQ(error, IoError::DeadlineExpired);
}

TEST_P(OnAPlainThread, bringingItsDeadlineForwardEndsTheWait)
{
    const auto deadline = io::after(1h);
    std::error_code error;
    StoppableThread thread(
        [&]
        {
            const StopShield shield; // hides a stop only
            error = call(deadline);
        });
    thread.awaitAsleep();
    thread.waits().bringForward(deadline);
    thread.join();
    EXPECT_EQ(error, IoError::DeadlineExpired);
}

TEST_P(OnAPlainThread, aDeadlineBroughtForwardAtARandomMomentIsNotMissed)
{
    int others = 0;
    for (int round = 0; round < 50; ++round)
    {
        const auto deadline = io::after(1h);
        std::error_code error;
        StoppableThread thread(
            [&]
            {
                error = call(deadline);
            });
        spinFor(std::chrono::microseconds(round * 4));
        thread.waits().bringForward(deadline);
        thread.join();
        others += error == IoError::DeadlineExpired ? 0 : 1;
    }
    EXPECT_EQ(others, 0);
}

TEST_P(OnAPlainThread, bringingAnotherDeadlineForwardDoesNotEndTheWait)
{
    const auto deadline = io::after(20ms);
    Deadline ended;
    StoppableThread thread(
        [&]
        {
            (void)call(deadline);
            ended = Clock::now();
        });
    thread.awaitAsleep();
    thread.waits().bringForward(deadline + 1h);
    thread.join();
    EXPECT_GE(ended, deadline);
}

TEST_P(OnAPlainThread, aStopLeavesNoDescriptorBehind)
{
    const auto before = openDescriptorCount();
    {
        StoppableThread thread(
            [&]
            {
                (void)call(NoDeadline);
            });
        thread.awaitAsleep();
        thread.requestStop();
    }
    EXPECT_EQ(openDescriptorCount(), before);
}

INSTANTIATE_TEST_SUITE_P(Calls, OnAPlainThread, testing::ValuesIn(interruptibleCalls()),
                         [](const auto& instance)
                         {
                             return instance.param.name;
                         });

} // namespace weft
