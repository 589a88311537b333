#include <weft/reactor/acquire_buffer.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/offload.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>

/// \file
/// A stop is seen by every call that suspends: before the call, and by one that waits already.

namespace weft
{

namespace
{

/// A call that would wait for ever.
struct EndlessCall
{
    std::string name;
    std::function<std::error_code()> call;
};

std::error_code sleepForAnHour()
{
    return errorOf(io::sleepFor(std::chrono::hours(1)));
}

std::error_code receiveFromASilentPeer()
{
    const auto pair = socketPair();
    std::array<std::byte, 16> buffer;
    return errorOf(io::recv(pair.first.get(), buffer));
}

std::error_code receiveMessageFromASilentPeer()
{
    const auto pair = socketPair();
    std::array<std::byte, 16> buffer;
    iovec part = {.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return errorOf(io::recvmsg(pair.first.get(), message));
}

std::error_code sendToAPeerThatDoesNotRead()
{
    const auto pair = socketPair();
    const std::vector<std::byte> bytes(1 << 16);
    for (;;)
    {
        if (const auto sent = io::send(pair.first.get(), bytes); !sent)
        {
            return sent.error();
        }
    }
}

std::error_code acceptWhereNobodyConnects()
{
    const LoopbackListener listener;
    return errorOf(io::accept(listener.socket.get()));
}

std::error_code connectToABlackHole()
{
    const BlackHole blackHole;
    const auto socket = tcpSocket();
    return errorOf(io::connect(socket.get(), blackHole.address()));
}

std::error_code pollASilentPeer()
{
    const auto pair = socketPair();
    return errorOf(io::poll(pair.first.get(), POLLIN));
}

std::error_code readAnEmptyPipe()
{
    const auto pipe = makePipe();
    std::array<std::byte, 16> buffer;
    return errorOf(io::read(pipe.first.get(), buffer));
}

std::error_code readAnEmptyPipeInNonBlockingMode()
{
    const auto pipe = makePipe(O_CLOEXEC | O_NONBLOCK);
    std::array<std::byte, 16> buffer;
    return errorOf(io::read(pipe.first.get(), buffer));
}

std::error_code writeToAFullPipe()
{
    const auto pipe = makePipe();
    const std::vector<std::byte> bytes(1 << 16);
    for (;;)
    {
        if (const auto written = io::write(pipe.second.get(), bytes); !written)
        {
            return written.error();
        }
    }
}

std::error_code openAFifoThatNobodyWrites()
{
    const TemporaryDirectory directory;
    const auto path = directory.path() / "fifo";
    checkedCall(::mkfifo(path.c_str(), 0600), "mkfifo");
    return errorOf(io::open(path, O_RDONLY));
}

std::error_code acquireWhenAllBuffersAreHeld()
{
    auto& pool = Reactor::current()->buffers();
    auto reservation = *pool.reserve("test");
    std::vector<IoBuffer> held;
    for (;;)
    {
        auto buffer = acquireBuffer(reservation);
        if (!buffer)
        {
            return buffer.error();
        }
        held.push_back(std::move(*buffer));
    }
}

/// The pool's only thread is busy for as long as the fiber waits in the queue.
std::error_code offloadBehindOthers()
{
    std::latch release(1);
    std::latch begun(1);
    auto occupier = spawn({.name = "occupier"},
                          [&]
                          {
                              (void)offload(
                                  [&]
                                  {
                                      begun.count_down();
                                      release.wait();
                                  });
                          });
    while (!begun.try_wait())
    {
        boost::this_fiber::yield();
    }
    const auto queued = offload([] {});
    release.count_down();
    occupier.join();
    return errorOf(queued);
}

std::error_code abandonableCallThatHangs()
{
    // Shared with the call, which is left behind and ends by itself.
    const auto release = std::make_shared<std::latch>(1);
    const auto abandoned = offloadAbandonable(
        [release]
        {
            release->wait();
        });
    release->count_down();
    return errorOf(abandoned);
}

class StopDuring : public testing::TestWithParam<EndlessCall>
{
protected:
    static RuntimeOptions options()
    {
        auto small = smallRuntime();
        small.offloadThreads = 1;
        return small;
    }
};

} // namespace

TEST_P(StopDuring, theWaitEndsIt)
{
    Runtime runtime(options());
    std::error_code error;
    auto fiber = runtime.spawn(testFiber("waiter"),
                               [&error]
                               {
                                   error = GetParam().call();
                               });
    awaitState(runtime, "waiter", FiberState::Suspended);
    fiber.requestStop();
    fiber.join();
    EXPECT_EQ(error, IoError::Stopped);
}

TEST_P(StopDuring, aRandomMomentEndsIt)
{
    Runtime runtime(options());
    int others = 0;
    for (int round = 0; round < 50; ++round)
    {
        std::error_code error;
        auto fiber = runtime.spawn(testFiber("waiter"),
                                   [&error]
                                   {
                                       error = GetParam().call();
                                   });
        for (int turn = 0; turn < round; ++turn)
        {
            std::this_thread::yield();
        }
        fiber.requestStop();
        fiber.join();
        others += error == IoError::Stopped ? 0 : 1;
    }
    EXPECT_EQ(others, 0);
}

TEST_P(StopDuring, leavesNoDescriptorBehind)
{
    Runtime runtime(options());
    const auto before = openDescriptorCount();
    auto fiber = runtime.spawn(testFiber("waiter"),
                               []
                               {
                                   (void)GetParam().call();
                               });
    awaitState(runtime, "waiter", FiberState::Suspended);
    fiber.requestStop();
    fiber.join();
    EXPECT_EQ(openDescriptorCount(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Calls, StopDuring,
    testing::Values(EndlessCall{"sleep", sleepForAnHour},
                    EndlessCall{"recv", receiveFromASilentPeer},
                    EndlessCall{"recvmsg", receiveMessageFromASilentPeer},
                    EndlessCall{"send", sendToAPeerThatDoesNotRead},
                    EndlessCall{"accept", acceptWhereNobodyConnects},
                    EndlessCall{"connect", connectToABlackHole},
                    EndlessCall{"poll", pollASilentPeer}, EndlessCall{"readPipe", readAnEmptyPipe},
                    EndlessCall{"readNonBlockingPipe", readAnEmptyPipeInNonBlockingMode},
                    EndlessCall{"writePipe", writeToAFullPipe},
                    EndlessCall{"openFifo", openAFifoThatNobodyWrites},
                    EndlessCall{"acquireBuffer", acquireWhenAllBuffersAreHeld},
                    EndlessCall{"offloadQueued", offloadBehindOthers},
                    EndlessCall{"offloadAbandonable", abandonableCallThatHangs}),
    [](const auto& instance)
    {
        return instance.param.name;
    });

} // namespace weft
