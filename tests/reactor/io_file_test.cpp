#include <weft/reactor/file.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <functional>
#include <string>
#include <thread>

/// \file
/// Calls on files and pipes, each on a reactor and on a plain thread.

namespace weft
{

namespace
{

enum class Where
{
    Reactor,
    PlainThread,
};

class IoFile : public testing::TestWithParam<Where>
{
protected:
    /// Runs the test's body where the parameter says.
    void run(const std::function<void()>& body)
    {
        if (GetParam() == Where::PlainThread)
        {
            body();
            return;
        }
        Runtime runtime(smallRuntime());
        onFiber(runtime, std::ref(body));
    }

    OwnedDescriptor open(int flags) const
    {
        return OwnedDescriptor(checkedCall(::open(path.c_str(), flags | O_CLOEXEC), "open"));
    }

    TemporaryDirectory directory;
    std::filesystem::path path = directory.write("file", "0123456789");
    std::array<std::byte, 64> buffer{};

    std::string_view text(std::size_t size) const
    {
        return textOf(std::span(buffer).first(size));
    }
};

} // namespace

TEST_P(IoFile, openGivesADescriptorThatIsClosedOnExec)
{
    run(
        [this]
        {
            const auto file = io::open(path, O_RDONLY);
            EXPECT_EQ(::fcntl(file.value().get(), F_GETFD), FD_CLOEXEC);
        });
}

TEST_P(IoFile, openCreatesWithTheModeThatIsGiven)
{
    run(
        [this]
        {
            const auto created = io::open(directory.path() / "new", O_WRONLY | O_CREAT, 0600);
            EXPECT_EQ(io::stat(created.value().get()).value().stx_mode & 0777, 0600);
        });
}

TEST_P(IoFile, openOfWhatIsMissingIsNoSuchFile)
{
    run(
        [this]
        {
            EXPECT_EQ(errorOf(io::open(directory.path() / "no", O_RDONLY)), systemError(ENOENT));
        });
}

TEST_P(IoFile, openOfADirectoryForWritingIsIsADirectory)
{
    run(
        [this]
        {
            EXPECT_EQ(errorOf(io::open(directory.path(), O_WRONLY)), systemError(EISDIR));
        });
}

TEST_P(IoFile, readContinuesWhereItStopped)
{
    run(
        [this]
        {
            const auto file = open(O_RDONLY);
            (void)io::read(file.get(), std::span(buffer).first(4));
            EXPECT_EQ(text(io::read(file.get(), buffer).value()), "456789");
        });
}

TEST_P(IoFile, readAtTheEndIsZero)
{
    run(
        [this]
        {
            const auto file = open(O_RDONLY);
            (void)io::read(file.get(), buffer);
            EXPECT_EQ(io::read(file.get(), buffer).value(), 0U);
        });
}

TEST_P(IoFile, preadReadsAtItsOffset)
{
    run(
        [this]
        {
            EXPECT_EQ(text(io::pread(open(O_RDONLY).get(), buffer, 7).value()), "789");
        });
}

TEST_P(IoFile, readvFillsOneBufferAfterTheOther)
{
    run(
        [this]
        {
            const std::array parts{iovec{buffer.data(), 3}, iovec{buffer.data() + 32, 30}};
            EXPECT_EQ(io::readv(open(O_RDONLY).get(), parts).value(), 10U);
            EXPECT_EQ(textOf(std::span(buffer).subspan(32, 7)), "3456789");
        });
}

TEST_P(IoFile, preadvFillsBuffersFromItsOffset)
{
    run(
        [this]
        {
            const std::array parts{iovec{buffer.data(), 3}, iovec{buffer.data() + 32, 30}};
            EXPECT_EQ(io::preadv(open(O_RDONLY).get(), parts, 5).value(), 5U);
            EXPECT_EQ(textOf(std::span(buffer).subspan(32, 2)), "89");
        });
}

TEST_P(IoFile, whatThePageCacheHasIsReadWithoutWaiting)
{
    run(
        [this]
        {
            const auto file = open(O_RDONLY);
            const std::array parts{iovec{buffer.data(), 3}, iovec{buffer.data() + 32, 30}};
            const auto size = io::tryPreadv(file.get(), parts, 5);
            if (!size && size.error() == std::errc::resource_unavailable_try_again)
            {
                GTEST_SKIP() << "this file system cannot tell";
            }
            EXPECT_EQ(size.value(), 5U);
            EXPECT_EQ(textOf(std::span(buffer).subspan(32, 2)), "89");
            EXPECT_EQ(io::tryPreadv(file.get(), parts, 10).value(), 0U) << "the end";
        });
}

TEST_P(IoFile, whatAPipeDoesNotHaveMustNotBeWaitedFor)
{
    run(
        [this]
        {
            int ends[2];
            ASSERT_EQ(::pipe(ends), 0);
            const OwnedDescriptor reading(ends[0]);
            const OwnedDescriptor writing(ends[1]);
            const std::array parts{iovec{buffer.data(), 3}};
            EXPECT_EQ(errorOf(io::tryPreadv(reading.get(), parts, Operation::CurrentPosition)),
                      systemError(EAGAIN));
        });
}

TEST_P(IoFile, writeContinuesWhereItStopped)
{
    run(
        [this]
        {
            const auto file = open(O_RDWR);
            (void)io::write(file.get(), bytesOf("ab"));
            (void)io::write(file.get(), bytesOf("cd"));
            EXPECT_EQ(text(io::pread(file.get(), buffer, 0).value()), "abcd456789");
        });
}

TEST_P(IoFile, pwriteWritesAtItsOffset)
{
    run(
        [this]
        {
            const auto file = open(O_RDWR);
            (void)io::pwrite(file.get(), bytesOf("ab"), 8);
            EXPECT_EQ(text(io::pread(file.get(), buffer, 0).value()), "01234567ab");
        });
}

TEST_P(IoFile, writevWritesOneBufferAfterTheOther)
{
    run(
        [this]
        {
            const auto file = open(O_RDWR);
            std::string first = "ab";
            std::string second = "cde";
            const std::array parts{iovec{first.data(), 2}, iovec{second.data(), 3}};
            EXPECT_EQ(io::writev(file.get(), parts).value(), 5U);
            EXPECT_EQ(text(io::pread(file.get(), buffer, 0).value()), "abcde56789");
        });
}

TEST_P(IoFile, pwritevWritesFromItsOffset)
{
    run(
        [this]
        {
            const auto file = open(O_RDWR);
            std::string only = "ab";
            const std::array parts{iovec{only.data(), 2}};
            EXPECT_EQ(io::pwritev(file.get(), parts, 3).value(), 2U);
            EXPECT_EQ(text(io::pread(file.get(), buffer, 0).value()), "012ab56789");
        });
}

TEST_P(IoFile, fsyncSucceedsOnAFile)
{
    run(
        [this]
        {
            EXPECT_TRUE(io::fsync(open(O_RDWR).get()).has_value());
        });
}

TEST_P(IoFile, statTellsTheSize)
{
    run(
        [this]
        {
            EXPECT_EQ(io::stat(open(O_RDONLY).get()).value().stx_size, 10U);
        });
}

TEST_P(IoFile, closeClosesTheDescriptor)
{
    run(
        [this]
        {
            auto file = open(O_RDONLY);
            const int number = file.get();
            EXPECT_TRUE(io::close(std::move(file)).has_value());
            EXPECT_EQ(::fcntl(number, F_GETFD), -1);
        });
}

TEST_P(IoFile, closeOfABadDescriptorIsBadDescriptor)
{
    run(
        []
        {
            EXPECT_EQ(errorOf(io::close(OwnedDescriptor())), systemError(EBADF));
        });
}

TEST_P(IoFile, readOfABadDescriptorIsBadDescriptor)
{
    run(
        [this]
        {
            EXPECT_EQ(errorOf(io::read(-1, buffer)), systemError(EBADF));
        });
}

TEST_P(IoFile, writeToAFileOpenForReadingIsBadDescriptor)
{
    run(
        [this]
        {
            EXPECT_EQ(errorOf(io::write(open(O_RDONLY).get(), bytesOf("x"))), systemError(EBADF));
        });
}

TEST_P(IoFile, readOfADirectoryIsIsADirectory)
{
    run(
        [this]
        {
            const OwnedDescriptor opened(::open(directory.path().c_str(), O_RDONLY | O_CLOEXEC));
            EXPECT_EQ(errorOf(io::read(opened.get(), buffer)), systemError(EISDIR));
        });
}

TEST_P(IoFile, nonBlockingPipeWaitsForData)
{
    const auto pipe = makePipe(O_CLOEXEC | O_NONBLOCK);
    const std::jthread writer(
        [&pipe]
        {
            ASSERT_EQ(::write(pipe.second.get(), "late", 4), 4);
        });
    run(
        [&]
        {
            EXPECT_EQ(text(io::read(pipe.first.get(), buffer).value()), "late");
        });
}

TEST_P(IoFile, pipeWhoseWriterHasGoneIsAtItsEnd)
{
    auto pipe = makePipe();
    pipe.second.reset();
    run(
        [&]
        {
            EXPECT_EQ(io::read(pipe.first.get(), buffer).value(), 0U);
        });
}

TEST_P(IoFile, fifoMustNotSeemAtItsEndBeforeItsWriterHasCome)
{
    const auto fifo = directory.path() / "fifo";
    checkedCall(::mkfifo(fifo.c_str(), 0600), "mkfifo");
    const std::jthread writer(
        [&fifo]
        {
            const OwnedDescriptor end(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
            ASSERT_EQ(::write(end.get(), "late", 4), 4);
        });
    run(
        [&]
        {
            const auto opened = io::open(fifo, O_RDONLY);
            EXPECT_EQ(text(io::read(opened.value().get(), buffer).value()), "late");
        });
}

TEST_P(IoFile, fileWritesEverythingAndReadsItBack)
{
    run(
        [this]
        {
            const std::string large(3'000'000, 'w');
            auto file = File::open(directory.path() / "large", O_RDWR | O_CREAT).value();
            EXPECT_TRUE(file.writeAll(bytesOf(large)).has_value());
            EXPECT_TRUE(file.writeAllAt(5, bytesOf("five")).has_value());
            EXPECT_TRUE(file.sync().has_value());
            EXPECT_EQ(file.status().value().stx_size, large.size());
            EXPECT_EQ(text(file.readAt(4, std::span(buffer).first(6)).value()), "wfivew");
            EXPECT_TRUE(file.close().has_value());
            EXPECT_FALSE(file.isOpen());
        });
}

INSTANTIATE_TEST_SUITE_P(On, IoFile, testing::Values(Where::Reactor, Where::PlainThread),
                         [](const auto& instance)
                         {
                             return instance.param == Where::Reactor ? "reactor" : "plainThread";
                         });

} // namespace weft
