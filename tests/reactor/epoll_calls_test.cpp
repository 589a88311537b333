#include <weft/reactor/file.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/offload.hpp>
#include <weft/reactor/tcp.hpp>

#include "tests/support/limits.hpp"
#include "tests/support/own_process.hpp"
#include "tests/support/refused_system_calls.hpp"
#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/// \file
/// The calls on epoll where a system call could keep the reactor's thread: while one fiber waits,
/// another one must run.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

RuntimeOptions onEpoll(std::size_t reactors = 1)
{
    auto options = smallRuntime(reactors);
    options.engine = EngineKind::Epoll;
    return options;
}

/// Whether every reactor still serves fibers.
void expectAllRun(Runtime& runtime)
{
    for (std::size_t reactor = 0; reactor < runtime.reactorCount(); ++reactor)
    {
        std::atomic<bool> ran = false;
        auto fiber = runtime.spawn(testFiber("alive", reactor),
                                   [&ran]
                                   {
                                       (void)io::sleepFor(1ms);
                                       ran = true;
                                   });
        const auto until = Clock::now() + 10s;
        while (!ran && Clock::now() < until)
        {
            std::this_thread::sleep_for(1ms);
        }
        ASSERT_TRUE(ran) << "reactor " << reactor << " is blocked";
        fiber.join();
    }
}

/// A new terminal in raw mode: the first is the other side's end.
DescriptorPair openTerminal()
{
    OwnedDescriptor ours(checkedCall(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "openpt"));
    checkedCall(::grantpt(ours.get()), "grantpt");
    checkedCall(::unlockpt(ours.get()), "unlockpt");
    OwnedDescriptor theirs(
        checkedCall(::open(::ptsname(ours.get()), O_RDWR | O_NOCTTY | O_CLOEXEC), "open terminal"));
    return {std::move(ours), std::move(theirs)};
}

/// Kernels before Linux 6.4 have no way to read a pipe once without waiting.
void forgetHowNotToWait()
{
    refuseSystemCall(SYS_preadv2, EOPNOTSUPP);
    refuseSystemCall(SYS_pwritev2, EOPNOTSUPP);
}

void writeMoreThanFits()
{
    Runtime runtime(onEpoll());
    auto pipe = makePipe();
    const std::vector<std::byte> bytes(1 << 20, std::byte{'x'});
    auto writer = runtime.spawn(testFiber("writer"),
                                [&]
                                {
                                    const File file(std::move(pipe.second));
                                    ASSERT_TRUE(file.writeAll(bytes));
                                });
    expectAllRun(runtime);
    std::vector<char> taken(100'000);
    std::size_t total = 0;
    for (ssize_t size = 0; (size = ::read(pipe.first.get(), taken.data(), taken.size())) > 0;)
    {
        total += static_cast<std::size_t>(size);
    }
    writer.join();
    EXPECT_EQ(total, bytes.size());
}

/// Two reactors take bytes from one pipe in blocking mode; for each, one comes too late.
void readTogether()
{
    constexpr int Bytes = 2000;
    Runtime runtime(onEpoll(2));
    auto pipe = makePipe();
    std::atomic<int> taken = 0;
    FiberGroup readers;
    for (const std::size_t reactor : {0, 1})
    {
        runtime.spawn(readers, testFiber("reader", reactor),
                      [&]
                      {
                          std::array<std::byte, 1> byte;
                          while (io::read(pipe.first.get(), byte).value() == 1)
                          {
                              ++taken;
                          }
                      });
    }
    for (int index = 0; index < Bytes; ++index)
    {
        ASSERT_EQ(::write(pipe.second.get(), "x", 1), 1);
        while (taken <= index)
        {
            std::this_thread::yield();
        }
    }
    expectAllRun(runtime);
    pipe.second.reset();
    readers.joinAll();
    EXPECT_EQ(taken, Bytes);
}

} // namespace

TEST(EpollCalls, aBlockingPipeThatIsFullMustNotBlockTheReactor)
{
    writeMoreThanFits();
}

TEST(EpollCalls, aBlockingPipeThatIsFullMustNotBlockTheReactorOnAnOldKernel)
{
    if (!inOwnProcess())
    {
        return;
    }
    forgetHowNotToWait();
    writeMoreThanFits();
}

TEST(EpollCalls, aReaderThatIsFasterMustNotBlockTheReactorOfTheOther)
{
    readTogether();
}

TEST(EpollCalls, aReaderThatIsFasterMustNotBlockTheReactorOfTheOtherOnAnOldKernel)
{
    if (!inOwnProcess())
    {
        return;
    }
    forgetHowNotToWait();
    readTogether();
}

TEST(EpollCalls, aListenerInBlockingModeMustNotBlockTheReactorThatComesTooLate)
{
    constexpr int Connections = 300;
    Runtime runtime(onEpoll(2));
    const LoopbackListener listener;
    std::atomic<int> accepted = 0;
    FiberGroup acceptors;
    for (const std::size_t reactor : {0, 1})
    {
        runtime.spawn(acceptors, testFiber("acceptor", reactor),
                      [&]
                      {
                          while (io::accept(listener.socket.get()))
                          {
                              ++accepted;
                          }
                      });
    }
    for (int index = 0; index < Connections; ++index)
    {
        const auto client = listener.connectClient();
        while (accepted <= index)
        {
            std::this_thread::yield();
        }
    }
    expectAllRun(runtime);
    acceptors.requestStop();
    acceptors.joinAll();
    EXPECT_EQ(accepted, Connections);
    // The race is rare; this is what decides it.
    EXPECT_NE(::fcntl(listener.socket.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(EpollCalls, aConnectionThatIsBeingMadeMustNotBlockTheReactorAndKeepsItsMode)
{
    Runtime runtime(onEpoll());
    const BlackHole blackHole;
    const auto socket = tcpSocket();
    std::error_code error;
    auto fiber = runtime.spawn(
        testFiber("caller"),
        [&]
        {
            error = errorOf(io::connect(socket.get(), blackHole.address(), io::after(200ms)));
        });
    expectAllRun(runtime);
    fiber.join();
    EXPECT_EQ(error, IoError::DeadlineExpired);
    EXPECT_EQ(::fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(EpollCalls, aTerminalThatNobodyTypesAtMustNotBlockTheReactor)
{
    Runtime runtime(onEpoll());
    auto terminal = openTerminal();
    std::string line;
    auto fiber = runtime.spawn(testFiber("reader"),
                               [&]
                               {
                                   std::array<std::byte, 64> buffer;
                                   const auto size = io::read(terminal.second.get(), buffer);
                                   line = textOf(std::span(buffer).first(size.value()));
                               });
    expectAllRun(runtime);
    ASSERT_EQ(::write(terminal.first.get(), "typed\n", 6), 6);
    fiber.join();
    EXPECT_EQ(line, "typed\n");
    const auto written = onFiber(runtime,
                                 [&]
                                 {
                                     return io::write(terminal.second.get(), bytesOf("answer"));
                                 });
    EXPECT_EQ(written.value(), 6U);
}

TEST(EpollCalls, aTerminalIsGivenUpWhenItsDeadlinePasses)
{
    Runtime runtime(onEpoll());
    auto terminal = openTerminal();
    const auto error =
        onFiber(runtime,
                [&]
                {
                    std::array<std::byte, 64> buffer;
                    return errorOf(io::read(terminal.second.get(), buffer, io::after(20ms)));
                });
    EXPECT_EQ(error, IoError::DeadlineExpired);
}

TEST(EpollCalls, devicesThatNeverWaitAnswer)
{
    Runtime runtime(onEpoll());
    onFiber(runtime,
            []
            {
                const auto null = io::open("/dev/null", O_RDWR).value();
                std::array<std::byte, 64> buffer;
                EXPECT_EQ(io::write(null.get(), buffer).value(), 64U);
                EXPECT_EQ(io::read(null.get(), buffer).value(), 0U);
                const auto zero = io::open("/dev/zero", O_RDWR).value();
                EXPECT_EQ(io::read(zero.get(), buffer).value(), 64U);
                const auto mounts = io::open("/proc/self/mounts", O_RDONLY).value();
                EXPECT_GT(io::read(mounts.get(), buffer).value(), 0U);
                const auto random = io::open("/dev/urandom", O_RDONLY).value();
                EXPECT_EQ(io::read(random.get(), buffer).value(), 64U);
            });
}

TEST(EpollCalls, anOpeningThatHasNotBegunMustNotHappenAfterItsDeadline)
{
    auto options = onEpoll();
    options.offloadThreads = 1;
    Runtime runtime(options);
    const TemporaryDirectory directory;
    const auto path = directory.path() / "file";
    std::latch busy(1);
    std::latch release(1);
    auto blocker = runtime.spawn(testFiber("blocker"),
                                 [&]
                                 {
                                     (void)offload(
                                         [&]
                                         {
                                             busy.count_down();
                                             release.wait();
                                         });
                                 });
    busy.wait();
    const auto error =
        onFiber(runtime,
                [&]
                {
                    return errorOf(io::open(path, O_RDWR | O_CREAT, 0600, io::after(10ms)));
                });
    EXPECT_EQ(error, IoError::DeadlineExpired);
    release.count_down();
    blocker.join();
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(EpollCalls, aThreadThatIsRefusedIsTheErrorOfTheCallAndNoneIsRepeatedForEver)
{
    if (!inOwnProcess())
    {
        return;
    }
    const TemporaryDirectory directory;
    std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
    giveUpPrivileges();
    Runtime runtime(onEpoll());
    const auto path = directory.path() / "file";
    OwnedDescriptor file(checkedCall(::open(path.c_str(), O_RDWR | O_CREAT, 0600), "open"));
    const int number = file.get();
    const NoThreads limit;
    onFiber(runtime,
            [&]
            {
                const auto refused = std::errc::resource_unavailable_try_again;
                EXPECT_EQ(errorOf(io::open(path, O_RDONLY)), refused);
                EXPECT_EQ(errorOf(io::pwrite(file.get(), bytesOf("x"), 0)), refused);
                EXPECT_EQ(errorOf(io::fsync(file.get())), refused);
                EXPECT_TRUE(io::close(std::move(file))); // which must happen
            });
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST(EpollCalls, filesAreReadAndWrittenWithTheirOwnPositionAndWithOthers)
{
    Runtime runtime(onEpoll());
    const TemporaryDirectory directory;
    onFiber(runtime,
            [&]
            {
                const auto file =
                    io::open(directory.path() / "file", O_RDWR | O_CREAT, 0600).value();
                std::array<std::byte, 8> buffer;
                EXPECT_EQ(io::write(file.get(), bytesOf("12345")).value(), 5U);
                EXPECT_EQ(io::pwrite(file.get(), bytesOf("abc"), 1).value(), 3U);
                EXPECT_EQ(io::read(file.get(), buffer).value(), 0U);
                EXPECT_EQ(io::pread(file.get(), buffer, 0).value(), 5U);
                EXPECT_EQ(textOf(std::span(buffer).first(5)), "1abc5");
                EXPECT_TRUE(io::fsync(file.get()));
                EXPECT_EQ(io::stat(file.get()).value().stx_size, 5U);
            });
}

} // namespace weft
