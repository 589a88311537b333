/// \file
/// docs/recovery.md, "Files, pipes and devices". file_source_test.cpp has the ends of files and
/// pipes, missing files and directories.

#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/limits.hpp"
#include "tests/support/own_process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <climits>

#include <sys/stat.h>
#include <sys/un.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class RecoveryFileTest : public testing::TestWithParam<RunnerKind>
{
protected:
    void expectFailure(const std::filesystem::path& path, int errnoValue,
                       const std::string& whatItDid, std::size_t bufferSizeBytes = 4096)
    {
        Runtime runtime(onTestEngine({.reactors = 1,
                                      .buffersPerReactor = 8,
                                      .threadBuffers = 8,
                                      .bufferSizeBytes = bufferSizeBytes}));
        EventLog log;
        auto source = SourceProvider(runtime).provide(
            1,
            SourceDescriptor("log", "file",
                             {{"path", path.string()}, {"execution", executionText(GetParam())}}));
        ASSERT_TRUE(source.start(log.emit()));
        log.waitForLast();
        ASSERT_TRUE(log.failure());
        EXPECT_EQ(log.failure()->code, errnoError(errnoValue)) << log.failure()->message;
        const auto expectedStart = whatItDid + " '" + path.string() + "': ";
        EXPECT_TRUE(log.failure()->message.starts_with(expectedStart)) << log.failure()->message;
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        EXPECT_EQ(source.statistics().state, SourceState::Failed);
        EXPECT_EQ(source.statistics().retries, 0U);
        EXPECT_EQ(log.lastEventCount(), 1);
    }

    const TemporaryDirectory directory;
};

/// A file that is a local socket.
OwnedDescriptor makeSocketFile(const std::filesystem::path& path)
{
    OwnedDescriptor socket(checkedCall(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    checkedCall(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
                "bind");
    return socket;
}

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(RecoveryFileTest);

TEST_P(RecoveryFileTest, pathThroughAFileIsAFailure)
{
    expectFailure(directory.write("file", "no directory") / "below", ENOTDIR, "open");
}

TEST_P(RecoveryFileTest, nameThatIsTooLongIsAFailure)
{
    expectFailure(directory.path() / std::string(NAME_MAX + 1, 'n'), ENAMETOOLONG, "open");
}

TEST_P(RecoveryFileTest, linkToItselfIsAFailure)
{
    std::filesystem::create_symlink("loop", directory.path() / "loop");
    expectFailure(directory.path() / "loop", ELOOP, "open");
}

TEST_P(RecoveryFileTest, socketIsAFailure)
{
    const auto socket = makeSocketFile(directory.path() / "socket");
    expectFailure(directory.path() / "socket", ENXIO, "open");
}

TEST_P(RecoveryFileTest, forbiddenFileIsAFailure)
{
    if (!inOwnProcess())
    {
        return;
    }
    giveUpPrivileges();
    const TemporaryDirectory ours;
    const auto path = ours.write("secret", "for nobody");
    ASSERT_EQ(::chmod(path.c_str(), 0), 0);
    expectFailure(path, EACCES, "open");
}

TEST_P(RecoveryFileTest, unreadablePlaceIsAFailure)
{
    // Nothing is mapped at address zero.
    expectFailure("/proc/self/mem", EIO, "read");
}

TEST_P(RecoveryFileTest, fileThatRefusesTheReadIsAFailure)
{
    // It is read in entries of eight bytes, and a buffer of 100 is no multiple of that.
    expectFailure("/proc/self/pagemap", EINVAL, "read", 100);
}
