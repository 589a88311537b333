#include "tests/sources/file/follow_test.hpp"

#include "tests/support/heap_count.hpp"
#include "tests/support/own_process.hpp"
#include "tests/support/refused_system_calls.hpp"

#include <fmt/format.h>

#include <atomic>
#include <utility>

#include <sys/stat.h>
#include <sys/syscall.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

WEFT_INSTANTIATE_OVER_RUNNERS(FollowTest);

TEST_P(FollowTest, whatIsWrittenLaterArrives)
{
    write("log", "one\n");
    auto source = follow("log");
    EXPECT_EQ(received(4), "one\n");
    append("log", "two");
    EXPECT_EQ(received(7), "one\ntwo") << "raw bytes: the end of the line is not waited for";
    append("log", "\nthree\n");
    EXPECT_EQ(received(14), "one\ntwo\nthree\n");
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(FollowTest, largeFileArrivesAndThenWhatIsAddedToIt)
{
    std::string content;
    for (int line = 0; line < 100000; ++line)
    {
        content += fmt::format("{}\n", line);
    }
    write("log", content);
    auto source = follow("log");
    EXPECT_TRUE(received(content.size()) == content);
    append("log", content);
    EXPECT_TRUE(received(2 * content.size()) == content + content);
}

TEST_P(FollowTest, startAtTheEndSkipsWhatIsThere)
{
    write("log", "old\n");
    auto source = follow("log", {{"start", "end"}});
    append("log", "new\n");
    EXPECT_EQ(received(4), "new\n");
}

TEST_P(FollowTest, startAtAnOffsetGoesOnFromThere)
{
    write("log", "0123456789");
    auto source = follow("log", {{"start", "6"}});
    append("log", "ab");
    EXPECT_EQ(received(6), "6789ab");
}

TEST_P(FollowTest, startBeyondTheEndIsATruncationThatHappenedBefore)
{
    write("log", "short");
    auto source = follow("log", {{"start", "1MiB"}});
    EXPECT_EQ(received(5), "short");
}

TEST_P(FollowTest, fileThatIsNotThereYetIsWaitedFor)
{
    auto source = follow("log");
    write("other", "nothing to do with it");
    write("log", "here");
    EXPECT_EQ(received(4), "here");
}

TEST_P(FollowTest, directoriesThatAreNotThereYetAreWaitedFor)
{
    auto source = follow("a/b/log");
    write("a/b/log", "here");
    EXPECT_EQ(received(4), "here");
    std::filesystem::remove_all(directory.path() / "a");
    write("a/b/log", "again");
    EXPECT_EQ(received(9), "hereagain");
}

TEST_P(FollowTest, fileThatVanishesAndComesBackIsReadFromItsBeginning)
{
    write("log", "one\n");
    auto source = follow("log");
    EXPECT_EQ(received(4), "one\n");
    std::filesystem::remove(directory.path() / "log");
    write("log", "two\n");
    EXPECT_EQ(received(8), "one\ntwo\n");
}

TEST_P(FollowTest, truncatedFileIsReadFromItsBeginning)
{
    write("log", "a first content\n");
    auto source = follow("log");
    EXPECT_EQ(received(16), "a first content\n");
    std::filesystem::resize_file(directory.path() / "log", 0);
    append("log", "second\n");
    EXPECT_EQ(received(23), "a first content\nsecond\n");
}

TEST_P(FollowTest, rotationLosesNothingAndRepeatsNothing)
{
    auto source = follow("log", {{"flush_interval", "0"}});
    constexpr int LineCount = 10000;
    constexpr int LinesPerFile = 100;
    auto writer = openLog("log");
    std::size_t sizeBytes = 0;
    for (int line = 0; line < LineCount; ++line)
    {
        const auto text = fmt::format("log {}\n", line);
        writeTo(writer, text);
        sizeBytes += text.size();
        if (line % LinesPerFile == 0)
        {
            log.waitForBytes(sizeBytes); // a file that comes and goes unseen would be lost
        }
        if (line % LinesPerFile == LinesPerFile - 1)
        {
            rename("log", "log.1");
            writer = openLog("log");
        }
    }
    EXPECT_TRUE(numbersByName(received(sizeBytes))["log"] == numbersUpTo(LineCount));
}

/// Who rotates a log tells its writer after that: it may write to the old file when the new one is
/// there already.
TEST_P(FollowTest, whatIsWrittenToTheOldFileAfterItsRotationMustNotBeLost)
{
    const auto writer = openLog("log");
    auto source = follow("log");
    writeTo(writer, "before\n");
    EXPECT_EQ(received(7), "before\n");
    rename("log", "log.1");
    const auto next = openLog("log");
    writeTo(writer, "after\n");
    EXPECT_EQ(received(13), "before\nafter\n");
    writeTo(writer, "last\n");
    writeTo(next, "new\n");
    EXPECT_EQ(received(22), "before\nafter\nlast\nnew\n");
}

TEST_P(FollowTest, renamedFileWithoutSuccessorIsFollowedOn)
{
    const auto writer = openLog("log");
    auto source = follow("log");
    rename("log", "elsewhere");
    writeTo(writer, "one\n");
    EXPECT_EQ(received(4), "one\n");
    rename("elsewhere", "log"); // back: it is not read again
    writeTo(writer, "two\n");
    EXPECT_EQ(received(8), "one\ntwo\n");
}

TEST_P(FollowTest, fileThatReplacesAnotherByRenameIsReadFromItsBeginning)
{
    write("log", "old\n");
    auto source = follow("log");
    EXPECT_EQ(received(4), "old\n");
    write("log.new", "new\n");
    rename("log.new", "log");
    EXPECT_EQ(received(8), "old\nnew\n");
}

TEST_P(FollowTest, rotationBehindALinkIsSeen)
{
    write("pods/0.log", "one\n");
    std::filesystem::create_symlink("pods/0.log", directory.path() / "log");
    auto source = follow("log");
    EXPECT_EQ(received(4), "one\n");
    rename("pods/0.log", "pods/0.log.old");
    append("pods/0.log.old", "one more\n");
    EXPECT_EQ(received(13), "one\none more\n") << "the link leads nowhere now";
    write("pods/0.log", "two\n");
    EXPECT_EQ(received(17), "one\none more\ntwo\n");
}

TEST_P(FollowTest, linkThatLeadsToAnotherFileIsFollowedThere)
{
    write("first", "one\n");
    write("second", "two\n");
    std::filesystem::create_symlink("first", directory.path() / "log");
    auto source = follow("log");
    EXPECT_EQ(received(4), "one\n");
    std::filesystem::create_symlink("second", directory.path() / "log.new");
    rename("log.new", "log");
    EXPECT_EQ(received(8), "one\ntwo\n");
}

TEST_P(FollowTest, silentSourceStopsAtOnce)
{
    write("log", "one\n");
    auto source = follow("log");
    EXPECT_EQ(received(4), "one\n");
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(source.statistics().state, SourceState::Stopped);
}

TEST_P(FollowTest, sourceThatWaitsForItsFileStopsAtOnce)
{
    auto source = follow("nowhere/log");
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(FollowTest, manySourcesFollowOneFile)
{
    constexpr std::size_t SourceCount = 20;
    write("log", "one\n");
    std::vector<EventLog> logs(SourceCount);
    std::vector<SourceHandle> sources;
    for (auto& one : logs)
    {
        sources.push_back(open("log", {{"follow", "true"}}));
        ASSERT_TRUE(sources.back().start(one.emit()));
    }
    append("log", "two\n");
    for (auto& one : logs)
    {
        one.waitForBytes(8);
        EXPECT_EQ(one.received(), "one\ntwo\n");
    }
    EXPECT_EQ(tryStopAll(sources, 10s), TryStopResult::Success);
}

TEST_P(FollowTest, whatIsNoRegularFileIsAnError)
{
    ASSERT_EQ(::mkfifo((directory.path() / "pipe").c_str(), 0600), 0);
    auto source = follow("pipe");
    const auto message = failureMessage();
    EXPECT_NE(message.find("pipe', which is no regular file"), std::string::npos) << message;
}

TEST_P(FollowTest, directoryIsAnError)
{
    write("directory/file", "");
    auto source = follow("directory");
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::is_a_directory);
}

TEST_P(FollowTest, wantOfInotifyInstancesNamesTheLimit)
{
    if (!inOwnProcess())
    {
        return;
    }
    refuseSystemCall(SYS_inotify_init1, EMFILE);
    auto source = follow("log");
    const auto message = failureMessage();
    EXPECT_NE(message.find("fs.inotify.max_user_instances"), std::string::npos) << message;
}

TEST_P(FollowTest, runningSourceAllocatesNothing)
{
    options.offloadThreads = 1;               // each allocates when it begins
    constexpr std::uint64_t FirstBuffer = 10; // until then it has waited for an event
    constexpr std::uint64_t LastBuffer = 2000;
    std::atomic<std::uint64_t> buffers = 0;
    std::size_t atFirst = 0;
    std::size_t atLast = 0;
    const auto writer = openLog("log");
    auto source = open("log", {{"follow", "true"}, {"flush_interval", "0"}});
    ASSERT_TRUE(source.start(
        [&](OriginId, const SourceEvent& event)
        {
            if (!std::holds_alternative<SourceData>(event))
            {
                return;
            }
            const auto seen = buffers + 1;
            atFirst = seen == FirstBuffer ? heapAllocationCount() : atFirst;
            atLast = seen == LastBuffer ? heapAllocationCount() : atLast;
            buffers = seen;
        }));
    const std::string line(99, 'x');
    for (std::uint64_t count = 1; count <= FirstBuffer; ++count)
    {
        writeTo(writer, line);
        while (buffers < count)
        {
            std::this_thread::yield();
        }
    }
    while (buffers < LastBuffer)
    {
        writeTo(writer, line);
    }
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success); // from here on nobody writes the counts
    EXPECT_EQ(atLast - atFirst, 0U);
}

TEST(FollowInSilence, noSystemCallIsMade)
{
    const TemporaryDirectory directory;
    Runtime runtime(onTestEngine({.reactors = 1}));
    directory.write("log", "one\n");
    EventLog log;
    auto source = SourceProvider(runtime).provide(
        1, SourceDescriptor("log", "file",
                            {{"path", (directory.path() / "log").string()}, {"follow", "true"}}));
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(4);
    // Until the reactor sleeps: its statistics stand still.
    auto before = runtime.statistics()[0].engine.systemCalls;
    for (;;)
    {
        std::this_thread::sleep_for(50ms);
        const auto now = runtime.statistics()[0].engine.systemCalls;
        if (std::exchange(before, now) == now)
        {
            break;
        }
    }
    std::this_thread::sleep_for(200ms); // the time in which nothing must happen
    EXPECT_EQ(runtime.statistics()[0].engine.systemCalls, before);
}
