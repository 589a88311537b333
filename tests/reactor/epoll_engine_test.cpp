#include <weft/reactor/epoll_engine.hpp>

#include "tests/support/own_process.hpp"
#include "tests/support/refused_system_calls.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/// \file
/// The epoll engine by itself, on this thread: what goes wrong with readiness, registrations and
/// descriptors that are given out again.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

/// An operation on up to eight bytes, and how it ended.
struct SmallOperation : Operation
{
    SmallOperation(OperationKind operationKind, int file) : Operation(operationKind, file)
    {
        data = bytes.data();
        count = static_cast<std::uint32_t>(bytes.size());
        completed = [](Operation& operation) noexcept
        {
            ++static_cast<SmallOperation&>(operation).completions;
        };
    }

    std::array<std::byte, 8> bytes{};
    int completions = 0;
};

struct SmallReceive : SmallOperation
{
    explicit SmallReceive(int socket) : SmallOperation(OperationKind::Receive, socket)
    {
    }
};

struct SmallPoll : SmallOperation
{
    SmallPoll(int file, int events) : SmallOperation(OperationKind::Poll, file)
    {
        flags = events;
    }
};

struct SmallClose : SmallOperation
{
    explicit SmallClose(int file) : SmallOperation(OperationKind::Close, file)
    {
    }
};

void putBytes(const OwnedDescriptor& file, std::string_view text)
{
    ASSERT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

class EpollEngineTest : public testing::Test
{
protected:
    /// Gives what has not come the time to come.
    void settle()
    {
        const auto until = engine.now() + 20ms;
        while (engine.now() < until)
        {
            engine.park(until);
        }
    }

    void parkUntilCompleted(const SmallOperation& operation)
    {
        const auto until = engine.now() + 10s;
        while (operation.completions == 0)
        {
            ASSERT_LT(engine.now(), until);
            engine.park(until);
        }
    }

    void cancelAndReap(SmallOperation& operation)
    {
        engine.cancel(operation);
        parkUntilCompleted(operation);
        EXPECT_EQ(operation.result, -ECANCELED);
    }

    OwnedDescriptor wakeDescriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    EpollEngine engine{{.kind = EngineKind::Epoll, .wakeDescriptor = wakeDescriptor.get()}};
};

} // namespace

TEST_F(EpollEngineTest, aRegistrationThatItsNumberHasLeftBehindMustNotWakeTheNextOwner)
{
    auto old = socketPair();
    auto next = socketPair();
    const int number = old.first.get();
    const OwnedDescriptor keepsTheFile(::dup(number));
    SmallReceive first(number);
    engine.start(first);
    cancelAndReap(first);
    // The registration of the old file lives on: the duplicate keeps it.
    ASSERT_EQ(::dup2(next.first.get(), number), number);
    SmallReceive second(number);
    engine.start(second);
    putBytes(old.second, "old");
    settle();
    EXPECT_EQ(second.completions, 0);
    putBytes(next.second, "next");
    parkUntilCompleted(second);
    EXPECT_EQ(second.result, 4);
}

TEST_F(EpollEngineTest, aNumberThatIsInUseAgainMustNotBeTakenForRegistered)
{
    SmallReceive waited(-1);
    for (int round = 0; round < 100; ++round)
    {
        const auto pair = socketPair(); // the same numbers each time
        waited.descriptor = pair.first.get();
        waited.completions = 0;
        engine.start(waited);
        engine.poll();
        putBytes(pair.second, "x");
        parkUntilCompleted(waited);
        ASSERT_EQ(waited.result, 1);
    }
}

TEST_F(EpollEngineTest, whoWaitsOnAClosedFileMustNotTakeTheBytesOfTheNextOne)
{
    const auto old = socketPair();
    const auto next = socketPair();
    const int number = old.first.get();
    SmallReceive stray(number);
    engine.start(stray);
    ASSERT_EQ(::dup2(next.first.get(), number), number); // closes the old file
    SmallReceive second(number);
    engine.start(second);
    putBytes(next.second, "next");
    parkUntilCompleted(second);
    EXPECT_EQ(second.result, 4);
    parkUntilCompleted(stray);
    EXPECT_EQ(stray.result, -EBADF);
}

TEST_F(EpollEngineTest, closingMustNotLeaveAWaiterBehind)
{
    auto pair = socketPair();
    SmallReceive waiting(pair.first.get());
    engine.start(waiting);
    SmallClose close(pair.first.release());
    engine.start(close);
    parkUntilCompleted(close);
    EXPECT_EQ(close.result, 0);
    parkUntilCompleted(waiting);
    EXPECT_EQ(waiting.result, -EBADF);
}

TEST_F(EpollEngineTest, twoDescriptorsOfOneFileMustNotBothTakeWhatIsThereOnce)
{
    const auto pair = socketPair();
    const OwnedDescriptor duplicate(::dup(pair.first.get()));
    SmallReceive first(pair.first.get());
    SmallReceive second(duplicate.get());
    engine.start(first);
    engine.start(second);
    putBytes(pair.second, "x");
    settle();
    EXPECT_EQ(first.completions + second.completions, 1);
    putBytes(pair.second, "y");
    parkUntilCompleted(first);
    parkUntilCompleted(second);
    EXPECT_EQ(first.result + second.result, 2);
}

TEST_F(EpollEngineTest, bothDirectionsOfOneSocketMustNotDisarmEachOther)
{
    const auto pair = socketPair();
    const std::string flood(1 << 20, 'x');
    while (::send(pair.first.get(), flood.data(), flood.size(), MSG_DONTWAIT) > 0)
    {
    }
    SmallOperation send(OperationKind::Send, pair.first.get());
    SmallReceive receive(pair.first.get());
    SmallPoll hangUp(pair.first.get(), POLLRDHUP);
    engine.start(send);
    engine.start(receive);
    engine.start(hangUp);
    putBytes(pair.second, "answer");
    parkUntilCompleted(receive);
    EXPECT_EQ(send.completions, 0);
    std::string taken(1 << 20, '\0');
    while (::recv(pair.second.get(), taken.data(), taken.size(), MSG_DONTWAIT) > 0)
    {
    }
    parkUntilCompleted(send);
    EXPECT_EQ(send.result, 8);
    EXPECT_EQ(hangUp.completions, 0);
    ::shutdown(pair.second.get(), SHUT_WR);
    parkUntilCompleted(hangUp);
    EXPECT_NE(hangUp.result & POLLRDHUP, 0);
}

TEST_F(EpollEngineTest, laterReceivesMustNotOvertakeEarlierOnes)
{
    const auto pair = socketPair();
    SmallReceive first(pair.first.get());
    SmallReceive second(pair.first.get());
    SmallReceive third(pair.first.get());
    engine.start(first);
    engine.start(second);
    putBytes(pair.second, "12345678abcdefgh");
    engine.start(third); // when there are bytes, which are the others'
    parkUntilCompleted(first);
    parkUntilCompleted(second);
    EXPECT_EQ(textOf(first.bytes), "12345678");
    EXPECT_EQ(textOf(second.bytes), "abcdefgh");
    EXPECT_EQ(third.completions, 0);
    cancelAndReap(third);
}

TEST_F(EpollEngineTest, oneOfManyThatIsCancelledMustNotTakeTheOthersEvent)
{
    const auto pair = socketPair();
    SmallReceive first(pair.first.get());
    SmallReceive second(pair.first.get());
    engine.start(first);
    engine.start(second);
    cancelAndReap(first);
    putBytes(pair.second, "x");
    parkUntilCompleted(second);
    EXPECT_EQ(second.result, 1);
}

TEST_F(EpollEngineTest, aDescriptorThatNobodyWaitsForMustNotKeepTheThreadBusy)
{
    const auto pair = socketPair();
    SmallReceive waiting(pair.first.get());
    engine.start(waiting);
    cancelAndReap(waiting);
    putBytes(pair.second, "ready from now on");
    const auto before = engine.statistics().systemCalls;
    settle();
    EXPECT_LE(engine.statistics().systemCalls - before, 3U);
}

TEST_F(EpollEngineTest, aCompletionThatWasFasterMustNotBecomeACancellation)
{
    const auto pair = socketPair();
    putBytes(pair.second, "x");
    SmallReceive receive(pair.first.get());
    engine.start(receive);
    engine.cancel(receive);
    parkUntilCompleted(receive);
    EXPECT_EQ(receive.result, 1);
    EXPECT_EQ(receive.completions, 1);
}

TEST_F(EpollEngineTest, aFileOnDiskIsReadyAtOnceForThoseWhoPollIt)
{
    const TemporaryDirectory directory;
    const OwnedDescriptor file(::open((directory.path() / "file").c_str(), O_RDWR | O_CREAT, 0600));
    SmallPoll poll(file.get(), POLLIN | POLLOUT);
    engine.start(poll);
    parkUntilCompleted(poll);
    EXPECT_EQ(poll.result, POLLIN | POLLOUT);
}

TEST_F(EpollEngineTest, whatAFileOnDiskNeverHasMustNotKeepTheThreadBusy)
{
    const TemporaryDirectory directory;
    const OwnedDescriptor file(::open((directory.path() / "file").c_str(), O_RDWR | O_CREAT, 0600));
    SmallPoll poll(file.get(), POLLPRI);
    engine.start(poll);
    const auto before = engine.statistics().systemCalls;
    settle();
    EXPECT_LE(engine.statistics().systemCalls - before, 3U);
    cancelAndReap(poll);
}

TEST_F(EpollEngineTest, highDescriptorsAreWaitedOnToo)
{
    const auto pair = socketPair();
    const OwnedDescriptor high(::fcntl(pair.first.get(), F_DUPFD_CLOEXEC, 3000));
    ASSERT_GE(high.get(), 3000);
    SmallReceive receive(high.get());
    engine.start(receive);
    putBytes(pair.second, "x");
    parkUntilCompleted(receive);
    EXPECT_EQ(receive.result, 1);
}

TEST_F(EpollEngineTest, descriptorsThatAreNoneAreRefused)
{
    for (const int descriptor : {-1, 1'000'000})
    {
        for (const auto kind : {OperationKind::Receive, OperationKind::Send, OperationKind::Read,
                                OperationKind::Write, OperationKind::Accept, OperationKind::Close,
                                OperationKind::Connect, OperationKind::Shutdown})
        {
            SmallOperation operation(kind, descriptor);
            operation.offset = Operation::CurrentPosition;
            engine.start(operation);
            parkUntilCompleted(operation);
            EXPECT_EQ(operation.result, -EBADF) << toString(kind);
        }
        SmallPoll poll(descriptor, POLLIN);
        engine.start(poll);
        parkUntilCompleted(poll);
        EXPECT_EQ(poll.result, -EBADF);
    }
}

TEST_F(EpollEngineTest, wholeMessagesAreGatheredFromTheirPieces)
{
    const auto pair = socketPair();
    SmallReceive receive(pair.first.get());
    receive.flags = MSG_WAITALL;
    engine.start(receive);
    for (const auto* const piece : {"123", "45", "678"})
    {
        EXPECT_EQ(receive.completions, 0);
        putBytes(pair.second, piece);
        settle();
    }
    EXPECT_EQ(receive.completions, 1);
    EXPECT_EQ(textOf(receive.bytes), "12345678");
}

TEST_F(EpollEngineTest, aCancellationMustNotDropThePiecesThatHaveCome)
{
    const auto pair = socketPair();
    SmallReceive receive(pair.first.get());
    receive.flags = MSG_WAITALL;
    engine.start(receive);
    putBytes(pair.second, "123");
    settle();
    engine.cancel(receive);
    parkUntilCompleted(receive);
    EXPECT_EQ(receive.result, 3);
}

TEST_F(EpollEngineTest, aParkMustNotBeTooShortWhereOnlyMillisecondsCanBeWaited)
{
    if (!inOwnProcess())
    {
        return;
    }
    refuseSystemCall(SYS_epoll_pwait2, ENOSYS);
    for (const auto length : {100us, 999us, 1001us, 2500us})
    {
        const auto until = engine.now() + length;
        engine.park(until);
        EXPECT_GE(engine.now(), until);
        EXPECT_LT(engine.now(), until + 500ms);
    }
    putBytes(wakeDescriptor, std::string("\1\0\0\0\0\0\0\0", 8));
    engine.park(NoDeadline);
    EXPECT_EQ(engine.statistics().wakeUps, 1U);
}

} // namespace weft
