#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/heap_count.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <semaphore>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

/// Makes a descriptor the standard input of the test, for as long as it lives.
class StandardInput
{
public:
    explicit StandardInput(int descriptor)
        : before(checkedCall(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), "dup"))
    {
        checkedCall(::dup2(descriptor, STDIN_FILENO), "dup2");
    }

    ~StandardInput()
    {
        ::dup2(before.get(), STDIN_FILENO);
    }

    StandardInput(const StandardInput&) = delete;
    StandardInput& operator=(const StandardInput&) = delete;

private:
    OwnedDescriptor before;
};

void writeAll(const OwnedDescriptor& to, std::string_view text)
{
    while (!text.empty())
    {
        const auto count = ::write(to.get(), text.data(), text.size());
        checkedCall(static_cast<int>(count), "write");
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

bool blocks(const OwnedDescriptor& descriptor)
{
    return (checkedCall(::fcntl(descriptor.get(), F_GETFL), "fcntl") & O_NONBLOCK) == 0;
}

class StdinSourceTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle provide(ParameterTexts texts = {})
    {
        texts.try_emplace("execution", executionText(GetParam()));
        return SourceProvider(runtime).provide(7, SourceDescriptor("in", "stdin", texts));
    }

    static void awaitRunning(const SourceHandle& source)
    {
        while (source.statistics().state != SourceState::Running)
        {
            std::this_thread::yield();
        }
    }

    Runtime runtime{onTestEngine({.reactors = 1, .bufferSizeBytes = 256})};
    EventLog log;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(StdinSourceTest);

TEST_P(StdinSourceTest, pipeIsReadToItsEndInOrder)
{
    auto pipe = makePipe();
    const StandardInput input(pipe.first.get());
    std::string sent;
    for (int line = 0; line < 50000; ++line)
    {
        sent += std::to_string(line) + '\n';
    }
    auto source = provide();
    ASSERT_TRUE(source.start(log.emit()));
    writeAll(pipe.second, sent);
    pipe.second.reset();
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), sent);
    EXPECT_EQ(source.statistics().endpoint, "standard input: pipe");
}

TEST_P(StdinSourceTest, endInMidBufferDeliversTheBytes)
{
    auto pipe = makePipe();
    const StandardInput input(pipe.first.get());
    auto source = provide({{"flush_interval", "1h"}});
    ASSERT_TRUE(source.start(log.emit()));
    writeAll(pipe.second, "half a buffer");
    pipe.second.reset();
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "half a buffer");
}

TEST_P(StdinSourceTest, silentWriterIsWaitedForAndAStopEndsThatAtOnce)
{
    const auto pipe = makePipe();
    const StandardInput input(pipe.first.get());
    auto source = provide();
    ASSERT_TRUE(source.start(log.emit()));
    writeAll(pipe.second, "first");
    log.waitForBytes(5);
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_TRUE(blocks(pipe.first)) << "its mode is shared with other processes";
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(log.emitFunctionCount(), 0);
    EXPECT_TRUE(blocks(pipe.first));
    // What comes later is for whoever reads the pipe next.
    writeAll(pipe.second, "later");
    std::array<char, 16> text{};
    EXPECT_EQ(::read(pipe.first.get(), text.data(), text.size()), 5);
    EXPECT_EQ(log.received(), "first");
}

TEST_P(StdinSourceTest, stopAndDemandDeliverWhatWasRead)
{
    const auto pipe = makePipe();
    const StandardInput input(pipe.first.get());
    auto source = provide({{"flush_interval", "1h"}});
    ASSERT_TRUE(source.start(log.emit()));
    source.requestFlush();
    writeAll(pipe.second, "demanded");
    log.waitForBytes(8);
    writeAll(pipe.second, "read");
    pollfd readable{.fd = pipe.first.get(), .events = POLLIN, .revents = 0};
    while (::poll(&readable, 1, 0) != 0)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.received(), "demandedread");
}

TEST_P(StdinSourceTest, fileIsReadFromWhereItStands)
{
    const TemporaryDirectory directory;
    const std::string text(100000, 'x');
    const auto path = directory.write("data", "skipped" + text);
    const OwnedDescriptor file(checkedCall(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open"));
    checkedCall(static_cast<int>(::lseek(file.get(), 7, SEEK_SET)), "lseek");
    const StandardInput input(file.get());
    auto source = provide();
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), text);
    EXPECT_EQ(source.statistics().endpoint, "standard input: file");
}

TEST_P(StdinSourceTest, nothingEndsAtOnce)
{
    const OwnedDescriptor null(checkedCall(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open"));
    const StandardInput input(null.get());
    auto source = provide();
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "");
}

TEST_P(StdinSourceTest, terminalEndsWhenItsUserSaysSo)
{
    const OwnedDescriptor user(
        checkedCall(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "openpt"));
    checkedCall(::grantpt(user.get()), "grantpt");
    checkedCall(::unlockpt(user.get()), "unlockpt");
    const OwnedDescriptor terminal(
        checkedCall(::open(::ptsname(user.get()), O_RDWR | O_NOCTTY | O_CLOEXEC), "open"));
    const StandardInput input(terminal.get());
    for (const bool stops : {true, false})
    {
        EventLog own;
        auto source = provide();
        ASSERT_TRUE(source.start(own.emit()));
        writeAll(user, "typed\n");
        own.waitForBytes(6);
        if (stops)
        {
            EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
            EXPECT_EQ(own.lastEventCount(), 0);
        }
        else
        {
            writeAll(user, "\x04"); // Ctrl-D
            own.waitForLast();
            EXPECT_TRUE(own.ended());
        }
        EXPECT_EQ(own.received(), "typed\n");
        EXPECT_EQ(source.statistics().endpoint, "standard input: terminal");
        EXPECT_TRUE(blocks(terminal));
    }
}

TEST_P(StdinSourceTest, socketThatIsResetIsAnError)
{
    auto [client, server] = tcpPair();
    const StandardInput input(client.get());
    auto source = provide({{"flush_interval", "0"}});
    ASSERT_TRUE(source.start(log.emit()));
    writeAll(server, "before");
    log.waitForBytes(6);
    const linger atOnce = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(server.get(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce));
    server.reset();
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->message, "read standard input: Connection reset by peer");
}

TEST_P(StdinSourceTest, secondSourceIsRefusedUntilTheFirstHasClosed)
{
    const auto pipe = makePipe();
    const StandardInput input(pipe.first.get());
    auto first = provide();
    ASSERT_TRUE(first.start([](OriginId, const SourceEvent&) {}));
    awaitRunning(first);
    auto second = provide();
    ASSERT_TRUE(second.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, errnoError(EBUSY));
    EXPECT_EQ(log.failure()->message, "open standard input, which another source reads; allowed: "
                                      "one source of type stdin: Device or resource busy");
    EXPECT_EQ(first.tryStop(10s), TryStopResult::Success);
    auto third = provide();
    ASSERT_TRUE(third.start([](OriginId, const SourceEvent&) {}));
    awaitRunning(third);
    EXPECT_EQ(third.tryStop(10s), TryStopResult::Success);
}

TEST_P(StdinSourceTest, inputThatCannotBeReadIsAFailure)
{
    const TemporaryDirectory directory;
    const OwnedDescriptor opened(
        checkedCall(::open(directory.path().c_str(), O_RDONLY | O_CLOEXEC), "open"));
    const StandardInput input(opened.get());
    auto source = provide();
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->message, "read standard input: Is a directory");
}

TEST_P(StdinSourceTest, runningAllocatesNothing)
{
    constexpr std::uint64_t LastBuffer = 5000;
    const auto pipe = makePipe();
    const StandardInput input(pipe.first.get());
    std::atomic<std::uint64_t> buffers = 0;
    std::uint64_t atFirst = 0;
    std::uint64_t atLast = 0;
    std::binary_semaphore done(0);
    auto source = provide();
    ASSERT_TRUE(source.start(
        [&](OriginId, const SourceEvent&)
        {
            const auto seen = ++buffers;
            if (seen == 10)
            {
                atFirst = heapAllocationCount();
            }
            else if (seen == LastBuffer)
            {
                atLast = heapAllocationCount();
                done.release();
            }
        }));
    const std::string chunk(4096, 'x');
    while (buffers < LastBuffer)
    {
        writeAll(pipe.second, chunk);
    }
    done.acquire();
    EXPECT_EQ(atLast, atFirst);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}
