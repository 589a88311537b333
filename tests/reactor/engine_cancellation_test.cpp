#include <weft/reactor/socket_address.hpp>
#include <weft/reactor/unix_socket.hpp>

#include "tests/reactor/small_rings.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>

#include <sys/socket.h>

using namespace std::chrono_literals;

namespace weft
{

TEST_F(SmallRings, cancellationsWhileTheSubmissionQueueIsFullEndEveryOperation)
{
    const auto pairs = socketPairs(200);
    std::deque<Receive> receives;
    for (const auto& pair : pairs)
    {
        engine.start(receives.emplace_back(pair.first.get()));
    }
    for (auto& receive : receives)
    {
        engine.cancel(receive);
    }
    parkUntilCompleted(receives);
    EXPECT_TRUE(std::ranges::all_of(receives,
                                    [](const Receive& receive)
                                    {
                                        return receive.completionCount == 1 &&
                                               receive.result == -ECANCELED;
                                    }));
}

TEST_F(SmallRings, aCancelledOperationThatTheKernelHasNotSeenMustNotLeaveParkAsleep)
{
    const auto pairs = socketPairs(2);
    std::deque<Receive> receives;
    for (const auto& pair : pairs)
    {
        engine.start(receives.emplace_back(pair.first.get()));
    }
    // The wake-up and the first receive fill the queue; the second has not been submitted.
    engine.cancel(receives.back());
    const auto until = engine.now() + 10s;
    engine.park(until);
    EXPECT_LT(engine.now(), until);
    engine.cancel(receives.front());
    parkUntilCompleted(receives);
}

TEST_F(SmallRings, cancellingTwiceCompletesOnce)
{
    const auto pair = socketPair();
    std::deque<Receive> receives;
    engine.start(receives.emplace_back(pair.first.get()));
    engine.poll();
    engine.cancel(receives.back());
    engine.cancel(receives.back());
    parkUntilCompleted(receives);
    EXPECT_EQ(engine.statistics().completions, 1U);
}

TEST_F(SmallRings, operationsReuseOneAddressAfterCancellation)
{
    const auto pair = socketPair();
    Receive receive(pair.first.get());
    int cancelled = 0;
    for (int round = 0; round < 1000; ++round)
    {
        receive.completionCount = 0;
        engine.start(receive);
        engine.cancel(receive);
        while (receive.completionCount == 0)
        {
            engine.park(NoDeadline);
        }
        cancelled += receive.result == -ECANCELED ? 1 : 0;
    }
    EXPECT_EQ(cancelled, 1000);
}

TEST_F(SmallRings, aConnectThatTheKernelIsAboutToTryAgainIsCancelled)
{
    // The queue is full, and yet the unconnected socket counts as writable: io_uring tries again
    // and again, and finds the operation nowhere in between.
    const TemporaryDirectory directory;
    const auto address = SocketAddress::parseUnix((directory.path() / "socket").string()).value();
    const auto full = UnixListener::listen(address, UnixSocketKind::Stream, 0).value();
    const auto first = UnixSocket::connect(address, UnixSocketKind::Stream).value();
    const OwnedDescriptor socket(
        checkedCall(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    for (int polls = 1; polls < 10; ++polls)
    {
        int completions = 0;
        Operation connect(OperationKind::Connect, socket.get());
        connect.data = const_cast<sockaddr*>(address.data());
        connect.offset = address.size();
        connect.waiter = &completions;
        connect.completed = [](Operation& operation) noexcept
        {
            ++*static_cast<int*>(operation.waiter);
        };
        engine.start(connect);
        for (int poll = 0; poll < polls; ++poll)
        {
            engine.poll();
        }
        if (connect.phase != Operation::Phase::Idle)
        {
            engine.cancel(connect);
        }
        while (completions == 0)
        {
            engine.park(NoDeadline);
        }
        EXPECT_EQ(completions, 1);
        // EINTR from a kernel worker; the epoll engine does not wait for a place.
        const std::array<int, 3> ends{-ECANCELED, -EINTR, -EAGAIN};
        EXPECT_TRUE(std::ranges::count(ends, connect.result) == 1) << connect.result;
    }
}

} // namespace weft
