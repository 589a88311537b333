#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/offload.hpp>

#include "tests/support/races.hpp"
#include "tests/support/silent_calls.hpp"
#include "tests/support/stoppable_thread.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <stdlib.h>

/// \file
/// What a plain thread with ThreadWaits keeps and loses when a call of its gives up.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

} // namespace

TEST(PlainThread, withoutThreadWaitsHasNone)
{
    EXPECT_EQ(ThreadWaits::current(), nullptr);
    EXPECT_FALSE(this_fiber::stopRequested());
    EXPECT_FALSE(this_fiber::stopToken().stop_possible());
}

TEST(PlainThread, answersWhetherItIsToStop)
{
    std::vector<bool> answers;
    std::latch first(1);
    std::latch stopped(1);
    StoppableThread thread(
        [&]
        {
            answers.push_back(this_fiber::stopRequested());
            answers.push_back(this_fiber::stopToken().stop_requested());
            first.count_down();
            stopped.wait();
            answers.push_back(this_fiber::stopRequested());
            answers.push_back(this_fiber::stopToken().stop_requested());
            const StopShield shield;
            answers.push_back(this_fiber::stopRequested());
            this_fiber::yield();
        });
    first.wait();
    thread.requestStop();
    stopped.count_down();
    thread.join();
    EXPECT_EQ(answers, (std::vector{false, false, true, true, false}));
}

TEST(PlainThread, deadlineBroughtForwardEndsOneWaitThatBeginsLater)
{
    const auto deadline = io::after(20ms);
    std::error_code first;
    Deadline secondEnded;
    std::latch broughtForward(1);
    StoppableThread thread(
        [&]
        {
            broughtForward.wait();
            first = receiveFromASilentPeer(deadline);
            (void)receiveFromASilentPeer(deadline);
            secondEnded = Clock::now();
        });
    thread.waits().bringForward(deadline);
    broughtForward.count_down();
    thread.join();
    EXPECT_EQ(first, IoError::DeadlineExpired);
    EXPECT_GE(secondEnded, deadline);
}

TEST(PlainThread, bytesThatRaceWithAStopAreNeitherLostNorDoubled)
{
    int lostOrDoubled = 0;
    Delays delays;
    for (int round = 0; round < 2000; ++round)
    {
        const auto pair = socketPair();
        std::array<std::byte, 16> buffer;
        std::size_t received = 0;
        StoppableThread thread(
            [&]
            {
                received = io::recv(pair.first.get(), buffer).value_or(0);
            });
        std::jthread sender(
            [&]
            {
                ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
            });
        spinFor(delays.next() / 2);
        thread.requestStop();
        thread.join();
        sender.join();
        const auto left = ::recv(pair.first.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        lostOrDoubled +=
            received + static_cast<std::size_t>(std::max<ssize_t>(left, 0)) == 1 ? 0 : 1;
    }
    EXPECT_EQ(lostOrDoubled, 0);
}

TEST(PlainThread, bytesThatAreThereGoBeforeAStopThatComesDuringTheWait)
{
    // Both come while the thread waits behind a stop callback that holds its wake-up back.
    const auto pair = socketPair();
    std::array<std::byte, 16> buffer;
    std::size_t received = 0;
    StoppableThread thread(
        [&]
        {
            const std::stop_callback onStop(this_fiber::stopToken(),
                                            [&]
                                            {
                                                ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
                                            });
            received = io::recv(pair.first.get(), buffer).value_or(0);
        });
    thread.awaitAsleep();
    thread.requestStop();
    thread.join();
    EXPECT_EQ(received, 1U);
}

TEST(PlainThread, connectionThatRacesWithAStopLeavesNoDescriptorBehind)
{
    const auto before = openDescriptorCount();
    {
        const LoopbackListener listener;
        Delays delays;
        for (int round = 0; round < 500; ++round)
        {
            StoppableThread thread(
                [&]
                {
                    (void)io::accept(listener.socket.get());
                });
            const auto client = listener.connectClient();
            spinFor(delays.next() / 4);
            thread.requestStop();
        }
    }
    EXPECT_EQ(openDescriptorCount(), before);
}

TEST(PlainThread, connectThatIsStoppedLeavesTheSocketInItsMode)
{
    const BlackHole blackHole;
    const auto socket = tcpSocket();
    StoppableThread thread(
        [&]
        {
            (void)io::connect(socket.get(), blackHole.address());
        });
    thread.awaitAsleep();
    thread.requestStop();
    thread.join();
    EXPECT_EQ(::fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(PlainThread, openedFifoIsInBlockingMode)
{
    const TemporaryDirectory directory;
    const auto path = directory.path() / "fifo";
    checkedCall(::mkfifo(path.c_str(), 0600), "mkfifo");
    int modes = O_NONBLOCK;
    StoppableThread thread(
        [&]
        {
            const auto opened = io::open(path, O_RDONLY);
            modes = ::fcntl(opened.value().get(), F_GETFL);
        });
    {
        const OwnedDescriptor writer(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        ASSERT_EQ(::write(writer.get(), "x", 1), 1);
        thread.join();
    }
    EXPECT_EQ(modes & O_NONBLOCK, 0);
}

TEST(PlainThread, openErrorIsThatOfTheSystemCall)
{
    std::error_code error;
    StoppableThread thread(
        [&]
        {
            error = errorOf(io::open("/nowhere/at/all", O_RDONLY));
        });
    thread.join();
    EXPECT_EQ(error, systemError(ENOENT));
}

TEST(PlainThread, readOfATerminalIsStopped)
{
    const OwnedDescriptor controller(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!controller || ::unlockpt(controller.get()) != 0)
    {
        GTEST_SKIP() << "no terminals here";
    }
    std::array<char, 128> path{};
    ASSERT_EQ(::ptsname_r(controller.get(), path.data(), path.size()), 0);
    const OwnedDescriptor terminal(::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    std::array<std::byte, 16> buffer;
    std::size_t line = 0;
    std::error_code error;
    std::latch lineRead(1);
    StoppableThread thread(
        [&]
        {
            line = io::read(terminal.get(), buffer).value_or(0);
            lineRead.count_down();
            error = errorOf(io::read(terminal.get(), buffer));
        });
    ASSERT_EQ(::write(controller.get(), "line\n", 5), 5);
    lineRead.wait();
    thread.awaitAsleep();
    thread.requestStop();
    thread.join();
    EXPECT_EQ(line, 5U);
    EXPECT_EQ(error, IoError::Stopped);
}

TEST(PlainThread, offloadIsRefusedWhenStopped)
{
    std::error_code error;
    bool called = false;
    std::latch stopped(1);
    StoppableThread thread(
        [&]
        {
            stopped.wait();
            error = errorOf(offload(
                [&]
                {
                    called = true;
                }));
        });
    thread.requestStop();
    stopped.count_down();
    thread.join();
    EXPECT_EQ(error, IoError::Stopped);
    EXPECT_FALSE(called);
}

TEST(PlainThread, resultOfAnAbandonedCallIsDestroyed)
{
    const auto release = std::make_shared<std::latch>(1);
    const auto result = std::make_shared<int>(7);
    const std::weak_ptr<int> watched = result;
    StoppableThread thread(
        [release, kept = result]() mutable
        {
            (void)offloadAbandonable(
                [release, value = std::move(kept)]() mutable
                {
                    release->wait();
                    return std::move(value);
                });
        });
    thread.awaitAsleep();
    thread.requestStop();
    thread.join();
    EXPECT_EQ(result.use_count(), 2);
    release->count_down();
    while (result.use_count() != 1)
    {
        std::this_thread::yield();
    }
}

TEST(PlainThread, abandonableCallThatRacesWithAStopEitherAnswersOrIsLeftBehind)
{
    int wrong = 0;
    for (int round = 0; round < 500; ++round)
    {
        std::optional<int> answer;
        std::error_code error;
        StoppableThread thread(
            [&]
            {
                const auto result = offloadAbandonable(
                    []
                    {
                        return 7;
                    });
                result ? void(answer = *result) : void(error = result.error());
            });
        spinFor(std::chrono::microseconds(round % 50));
        thread.requestStop();
        thread.join();
        wrong += answer == 7 || error == IoError::Stopped ? 0 : 1;
    }
    EXPECT_EQ(wrong, 0);
}

TEST(PlainThread, abandonableCallWithADeadlineIsLeftBehindWithoutThreadWaitsToo)
{
    EXPECT_EQ(abandonableCallThatHangs(io::after(2ms)), IoError::DeadlineExpired);
}

TEST(PlainThread, floodingPeerDoesNotHideAStop)
{
    const auto pair = socketPair();
    std::error_code error;
    StoppableThread receiver(
        [&]
        {
            std::array<std::byte, 4096> buffer;
            while (!error)
            {
                error = errorOf(io::recv(pair.first.get(), buffer));
            }
        });
    StoppableThread sender(
        [&]
        {
            const std::array<std::byte, 4096> bytes{};
            while (io::send(pair.second.get(), bytes))
            {
            }
        });
    receiver.requestStop();
    receiver.join();
    EXPECT_EQ(error, IoError::Stopped);
    sender.requestStop();
}

} // namespace weft
