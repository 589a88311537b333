#include "tests/sources/file/follow_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <semaphore>
#include <stop_token>
#include <thread>
#include <utility>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

/// Files of a pattern.
class FollowPatternTest : public FollowTest
{
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(FollowPatternTest);

TEST_P(FollowPatternTest, newFilesOfAPatternArePickedUp)
{
    write("a.log", "a 0\n");
    auto source = follow("*.log");
    EXPECT_EQ(received(4), "a 0\n");
    write("b.log", "b 0\n");
    write("c.txt", "c 0\n");
    EXPECT_EQ(received(8), "a 0\nb 0\n");
    append("a.log", "a 1\n");
    EXPECT_EQ(received(12), "a 0\nb 0\na 1\n");
}

TEST_P(FollowPatternTest, newDirectoriesOfAPatternArePickedUp)
{
    auto source = follow("logs/*/app-?.log");
    write("logs/one/app-1.log", "one 0\n");
    EXPECT_EQ(received(6), "one 0\n");
    write("logs/two/app-1.log", "two 0\n");
    EXPECT_EQ(received(12), "one 0\ntwo 0\n");
}

TEST_P(FollowPatternTest, patternStartsAtTheEndOfWhatIsThereAndTheBeginningOfWhatComes)
{
    write("a.log", "old\n");
    auto source = follow("*.log", {{"start", "end"}});
    write("b.log", "new\n");
    EXPECT_EQ(received(4), "new\n");
}

TEST_P(FollowPatternTest, whatIsRenamedWhileTheSourceOpensIsNotNew)
{
    constexpr int Rounds = 200;
    for (int round = 0; round < Rounds; ++round)
    {
        const auto name = fmt::format("{}.log", round);
        write(name, "old\n");
        EventLog ownLog;
        auto source = open(fmt::format("{}.log*", round), {{"follow", "true"}, {"start", "end"}});
        {
            const std::jthread renamer(
                [&]
                {
                    rename(name, name + ".1");
                });
            ASSERT_TRUE(source.start(ownLog.emit()));
        }
        while (source.statistics().opens == 0)
        {
            std::this_thread::yield();
        }
        append(name + ".1", "new\n");
        ownLog.waitForBytes(4);
        EXPECT_EQ(ownLog.received(), "new\n");
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
}

TEST_P(FollowPatternTest, renameWithinAPatternDoesNotRepeatTheFile)
{
    write("log", "one\n");
    auto source = follow("log*");
    EXPECT_EQ(received(4), "one\n");
    rename("log", "log.1");
    write("log", "two\n");
    EXPECT_EQ(received(8), "one\ntwo\n");
    append("log.1", "one more\n");
    EXPECT_EQ(received(17), "one\ntwo\none more\n");
}

TEST_P(FollowPatternTest, linesOfSeveralFilesDoNotMix)
{
    constexpr int WriterCount = 4;
    constexpr int LineCount = 2000;
    constexpr int LinesPerFile = 50; // names change while they are listed
    auto source = follow("*.log*");
    std::size_t sizeBytes = 0;
    {
        std::vector<std::jthread> writers;
        for (int index = 0; index < WriterCount; ++index)
        {
            const auto name = fmt::format("writer-{}", index);
            for (int line = 0; line < LineCount; ++line)
            {
                sizeBytes += fmt::formatted_size("{} {}\n", name, line);
            }
            writers.emplace_back(
                [this, name]
                {
                    auto file = openLog(name + ".log");
                    for (int line = 0; line < LineCount; ++line)
                    {
                        // In pieces, so that many a read finds the half of a line.
                        writeTo(file, name);
                        writeTo(file, fmt::format(" {}", line));
                        writeTo(file, "\n");
                        if (line % LinesPerFile == LinesPerFile - 1)
                        {
                            rename(name + ".log", fmt::format("{}.log.{}", name, line));
                            file = openLog(name + ".log");
                        }
                    }
                });
        }
    }
    auto numbers = numbersByName(received(sizeBytes));
    EXPECT_EQ(numbers.size(), std::size_t{WriterCount});
    for (auto& [name, lines] : numbers)
    {
        std::ranges::sort(lines); // files of a pattern have no order among them
        EXPECT_TRUE(lines == numbersUpTo(LineCount)) << name;
    }
}

TEST_P(FollowPatternTest, namesThatChangeAllTheTimeMustNotKeepBytesOrAStopBack)
{
    auto source = follow("*.log");
    const std::jthread renamer(
        [this](const std::stop_token& enough)
        {
            write("a.log", "");
            while (!enough.stop_requested())
            {
                rename("a.log", "b.log");
                rename("b.log", "a.log");
            }
        });
    const auto writer = openLog("steady.log");
    writeTo(writer, "one\n");
    EXPECT_EQ(received(4), "one\n");
    writeTo(writer, "two\n");
    EXPECT_EQ(received(8), "one\ntwo\n");
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(FollowPatternTest, endOfALineIsWaitedForWithAPatternAndNotWhenTheFileIsLeft)
{
    write("a.log", "whole\nhalf");
    auto source = follow("*.log");
    EXPECT_EQ(received(6), "whole\n");
    append("a.log", " a line\nno end");
    EXPECT_EQ(received(18), "whole\nhalf a line\n");
    std::filesystem::remove(directory.path() / "a.log");
    EXPECT_EQ(received(24), "whole\nhalf a line\nno end");
}

TEST_P(FollowPatternTest, filesThatAreMovedAwayMustNotBeKeptWithoutBound)
{
    constexpr std::size_t FileCount = 40;
    for (std::size_t index = 0; index < FileCount; ++index)
    {
        write(fmt::format("{}.log", index), "line\n");
    }
    auto source = follow("*.log");
    log.waitForBytes(FileCount * 5);
    for (std::size_t index = 0; index < FileCount; ++index)
    {
        rename(fmt::format("{}.log", index), fmt::format("{}.done", index));
    }
    const auto held = []
    {
        return std::ranges::count_if(std::filesystem::directory_iterator("/proc/self/fd"),
                                     [](const auto& entry)
                                     {
                                         std::error_code gone;
                                         const auto path = read_symlink(entry.path(), gone);
                                         return path.extension() == ".done";
                                     });
    };
    while (held() > 16)
    {
        std::this_thread::yield();
    }
    append("39.done", "its last line\n");
    EXPECT_EQ(received(FileCount * 5 + 14).substr(FileCount * 5), "its last line\n");
}

TEST_P(FollowPatternTest, lineLongerThanABufferArrivesInParts)
{
    const auto content = "short\n" + std::string(50000, 'x') + "\nshort\n";
    write("a.log", content);
    auto source = follow("*.log");
    EXPECT_TRUE(received(content.size()) == content);
}

TEST_P(FollowPatternTest, eventsThatTheKernelHasDroppedMustNotMatter)
{
    std::binary_semaphore held(0);
    std::binary_semaphore goOn(0);
    auto source = open("*.log", {{"follow", "true"}});
    write("a.log", "a\n");
    write("b.log", "b\n");
    ASSERT_TRUE(source.start(
        [&, inner = log.emit(), first = true](OriginId origin, SourceEvent event) mutable
        {
            if (std::exchange(first, false))
            {
                held.release();
                goOn.acquire();
            }
            inner(origin, std::move(event));
        }));
    held.acquire();
    std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
    std::size_t eventsMax = 0;
    limit >> eventsMax;
    ASSERT_LE(eventsMax, 1U << 20);
    const auto first = openLog("a.log");
    const auto second = openLog("b.log");
    // Of two files in turn: repetitions would count once.
    for (std::size_t event = 0; event < eventsMax; ++event)
    {
        writeTo(event % 2 == 0 ? first : second, "x\n");
    }
    write("c.log", "c\n"); // of which there is no event
    goOn.release();
    const auto text = received(4 + 2 * eventsMax + 2);
    EXPECT_NE(text.find("c\n"), std::string::npos);
}
