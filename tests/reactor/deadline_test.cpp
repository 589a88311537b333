#include <weft/reactor/io.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>

/// \file
/// Each call gives up at its deadline, on a reactor and on a plain thread.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

struct SilentCall
{
    std::string name;
    std::function<std::error_code(Deadline)> call;
};

std::error_code receive(Deadline deadline)
{
    const auto pair = socketPair();
    std::array<std::byte, 16> buffer;
    return errorOf(io::recv(pair.first.get(), buffer, 0, deadline));
}

std::error_code receiveNonBlocking(Deadline deadline)
{
    const auto pair = socketPair();
    ::fcntl(pair.first.get(), F_SETFL, O_NONBLOCK);
    std::array<std::byte, 16> buffer;
    return errorOf(io::recv(pair.first.get(), buffer, 0, deadline));
}

std::error_code receiveMessage(Deadline deadline)
{
    const auto pair = socketPair();
    std::array<std::byte, 16> buffer;
    iovec part = {.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return errorOf(io::recvmsg(pair.first.get(), message, 0, deadline));
}

std::error_code send(Deadline deadline)
{
    const auto pair = socketPair();
    const std::vector<std::byte> bytes(1 << 20);
    for (;;)
    {
        if (const auto sent = io::send(pair.first.get(), bytes, 0, deadline); !sent)
        {
            return sent.error();
        }
    }
}

std::error_code sendMessage(Deadline deadline)
{
    const auto pair = socketPair();
    std::vector<std::byte> bytes(1 << 20);
    iovec part = {.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    for (;;)
    {
        if (const auto sent = io::sendmsg(pair.first.get(), message, 0, deadline); !sent)
        {
            return sent.error();
        }
    }
}

std::error_code accept(Deadline deadline)
{
    const LoopbackListener listener;
    return errorOf(io::accept(listener.socket.get(), nullptr, deadline));
}

std::error_code connect(Deadline deadline)
{
    const BlackHole blackHole;
    const auto socket = tcpSocket();
    return errorOf(io::connect(socket.get(), blackHole.address(), deadline));
}

std::error_code poll(Deadline deadline)
{
    const auto pair = socketPair();
    return errorOf(io::poll(pair.first.get(), POLLIN, deadline));
}

std::error_code readPipe(Deadline deadline)
{
    const auto pipe = makePipe();
    std::array<std::byte, 16> buffer;
    return errorOf(io::read(pipe.first.get(), buffer, deadline));
}

std::error_code readvPipe(Deadline deadline)
{
    const auto pipe = makePipe();
    std::array<std::byte, 16> buffer;
    const std::array parts{iovec{buffer.data(), buffer.size()}};
    return errorOf(io::readv(pipe.first.get(), parts, deadline));
}

std::error_code writePipe(Deadline deadline)
{
    const auto pipe = makePipe();
    const std::vector<std::byte> bytes(100'000);
    for (;;)
    {
        if (const auto written = io::write(pipe.second.get(), bytes, deadline); !written)
        {
            return written.error();
        }
    }
}

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

INSTANTIATE_TEST_SUITE_P(
    Calls, SilentPeer,
    testing::Values(SilentCall{"recv", receive}, SilentCall{"recvNonBlocking", receiveNonBlocking},
                    SilentCall{"recvmsg", receiveMessage}, SilentCall{"send", send},
                    SilentCall{"sendmsg", sendMessage}, SilentCall{"accept", accept},
                    SilentCall{"connect", connect}, SilentCall{"poll", poll},
                    SilentCall{"readPipe", readPipe}, SilentCall{"readvPipe", readvPipe},
                    SilentCall{"writePipe", writePipe}),
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
                FiberGroup group;
                const auto start = Clock::now();
                for (const int index : {3, 1, 4, 2, 0})
                {
                    runtime.spawn(group, {},
                                  [&order, start, index]
                                  {
                                      (void)io::sleepUntil(start + 5ms + index * 5ms);
                                      order.push_back(index);
                                  });
                }
                group.joinAll();
            });
    EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4}));
}

} // namespace weft
