#include "tests/sources/file/file_test.hpp"
#include "tests/support/sockets.hpp"

#include <semaphore>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class FileSourceTest : public FileTest
{
};

/// Pages of the file that the page cache holds.
std::size_t cachedPages(const std::filesystem::path& path, std::size_t sizeBytes)
{
    const OwnedDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    void* const mapping = ::mmap(nullptr, sizeBytes, PROT_READ, MAP_SHARED, file.get(), 0);
    std::vector<unsigned char> pages((sizeBytes + 4095) / 4096);
    ::mincore(mapping, sizeBytes, pages.data());
    ::munmap(mapping, sizeBytes);
    return static_cast<std::size_t>(std::ranges::count_if(pages,
                                                          [](unsigned char page)
                                                          {
                                                              return (page & 1) != 0;
                                                          }));
}

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(FileSourceTest);

TEST_P(FileSourceTest, regularFileArrivesByteForByte)
{
    std::string content;
    for (int line = 0; line < 300000; ++line)
    {
        content += std::to_string(line) + ",";
    }
    auto source = open(write("data", content));
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), content);
    // All full but the last.
    EXPECT_EQ(log.buffers().size(), (content.size() + 4095) / 4096);
}

TEST_P(FileSourceTest, emptyFileEndsWithoutABuffer)
{
    auto source = open(write("empty", ""));
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_TRUE(log.buffers().empty());
}

TEST_P(FileSourceTest, missingFileIsAnErrorThatNamesIt)
{
    auto source = open("nowhere");
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::no_such_file_or_directory);
    EXPECT_NE(log.failure()->message.find("nowhere"), std::string::npos);
}

TEST_P(FileSourceTest, directoryInsteadOfAFileIsAnError)
{
    auto source = open(".");
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::is_a_directory);
}

TEST_P(FileSourceTest, pipeWaitsForItsFirstWriterAndEndsWithItsLast)
{
    const auto path = directory.path() / "pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    auto source = open(path);
    ASSERT_TRUE(source.start(log.emit()));
    while (source.statistics().state != SourceState::Running)
    {
        std::this_thread::yield();
    }
    EXPECT_FALSE(log.ended()); // no writer yet is not the end
    {
        const OwnedDescriptor first(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        ASSERT_EQ(::write(first.get(), "one", 3), 3);
        log.waitForBytes(3); // by the flush interval: the writer is silent and still there
        const OwnedDescriptor second(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        ASSERT_EQ(::write(second.get(), "two", 3), 3);
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "onetwo");
}

TEST_P(FileSourceTest, pipeWithoutWriterCanBeStopped)
{
    const auto path = directory.path() / "pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    auto source = open(path);
    ASSERT_TRUE(source.start(log.emit()));
    while (source.statistics().state != SourceState::Running)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(FileSourceTest, characterDeviceDeliversUntilStopped)
{
    auto source = open("/dev/zero");
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(100000);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.received().find_first_not_of('\0'), std::string::npos);
}

TEST_P(FileSourceTest, diskIsReadAheadWhileTheConsumerHoldsTheFirstBuffer)
{
    constexpr std::size_t FileBytes = 8 << 20;
    constexpr std::size_t ReadAheadBytes = 1 << 20; // the default
    const auto path = write("large", std::string(FileBytes, 'x'));
    struct statfs fileSystem = {};
    ASSERT_EQ(::statfs(path.c_str(), &fileSystem), 0);
    constexpr auto TmpfsMagic = 0x01021994;
    if (fileSystem.f_type == TmpfsMagic)
    {
        GTEST_SKIP() << "a file system in memory has no disk to read ahead from";
    }
    const OwnedDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::fsync(file.get()), 0);
    ASSERT_EQ(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
    if (cachedPages(path, FileBytes) != 0)
    {
        GTEST_SKIP() << "this file system does not let its page cache go";
    }

    std::binary_semaphore held(0);
    std::binary_semaphore goOn(0);
    bool first = true;
    auto source = open(path);
    ASSERT_TRUE(source.start(
        [&, inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            if (std::exchange(first, false))
            {
                held.release();
                goOn.acquire(); // a consumer that keeps the whole reactor: only the disk works
            }
            inner(origin, std::move(event));
        }));
    held.acquire();
    while (cachedPages(path, FileBytes) * 4096 < ReadAheadBytes)
    {
        std::this_thread::yield();
    }
    goOn.release();
    log.waitForLast();
    EXPECT_EQ(log.received().size(), FileBytes);
}

TEST_P(FileSourceTest, patternReadsItsFilesInTheirOrder)
{
    write("c.csv", "three");
    write("a.csv", "one");
    write("b.csv", "two");
    write("b.txt", "no");
    write("d.csv/file", "no: a directory");
    auto source = open("*.csv");
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "onetwothree");
    EXPECT_EQ(log.buffers().size(), 1U) << "the next file goes on in the same buffer";
}

TEST_P(FileSourceTest, patternMayHaveSetsAndDirectories)
{
    write("x/1.log", "1");
    write("x/2.log", "2");
    write("x/3.log", "3");
    write("y/1.log", "4");
    auto source = open("?/[12].log");
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "124");
}

TEST_P(FileSourceTest, largeFilesOfAPatternArriveByteForByte)
{
    std::string expected;
    for (char name = 'a'; name <= 'e'; ++name)
    {
        const std::string content(123457, name);
        write(std::string(1, name) + ".bin", content);
        expected += content;
    }
    auto source = open("?.bin");
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.received() == expected);
}

TEST_P(FileSourceTest, patternWithoutAMatchIsAnErrorThatNamesIt)
{
    write("a.txt", "no");
    auto source = open("*.csv");
    ASSERT_TRUE(source.start(log.emit()));
    const auto message = failureMessage();
    EXPECT_EQ(log.failure()->code, std::errc::no_such_file_or_directory);
    EXPECT_TRUE(message.starts_with("find a file that matches '")) << message;
    EXPECT_NE(message.find("*.csv'"), std::string::npos) << message;
}

TEST_P(FileSourceTest, nameThatLooksLikeAPatternIsFoundAllTheSame)
{
    write("data[1].csv", "brackets");
    auto source = open("data[1].csv");
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "brackets");
}

TEST_P(FileSourceTest, startAtAnOffset)
{
    write("data", "0123456789");
    auto source = open("data", {{"start", "7"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "789");
}

TEST_P(FileSourceTest, startBeyondTheEndIsAnErrorThatTellsTheSize)
{
    write("data", "0123456789");
    auto source = open("data", {{"start", "11"}});
    ASSERT_TRUE(source.start(log.emit()));
    const auto message = failureMessage();
    EXPECT_NE(message.find("data', which has 10: Invalid argument"), std::string::npos) << message;
}

TEST_P(FileSourceTest, startAtAnOffsetOfAPipeIsAnError)
{
    ASSERT_EQ(::mkfifo((directory.path() / "pipe").c_str(), 0600), 0);
    auto source = open("pipe", {{"start", "1"}});
    ASSERT_TRUE(source.start(log.emit()));
    const auto message = failureMessage();
    EXPECT_NE(message.find("start at byte 1 of '"), std::string::npos) << message;
}

TEST_P(FileSourceTest, readingAheadCanBeTurnedOff)
{
    const std::string content(1 << 20, 'x');
    write("data", content);
    auto source = open("data", {{"read_ahead", "0"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.received() == content);
}

TEST(FileSettingsTest, whatContradictsItselfIsRefusedWithTheFix)
{
    const auto refusal = [](const ParameterTexts& texts) -> std::string
    {
        const Runtime runtime(onTestEngine({.reactors = 1}));
        try
        {
            SourceProvider(const_cast<Runtime&>(runtime))
                .provide(1, SourceDescriptor("log", "file", texts));
        }
        catch (const InvalidParameter& error)
        {
            return error.what();
        }
        return "accepted";
    };
    EXPECT_EQ(refusal({{"path", "x"}, {"start", "middle"}}),
              "parameter 'start' is 'middle'; allowed: beginning, end or an offset such as 4096 or "
              "1MiB");
    EXPECT_EQ(refusal({{"path", "x"}, {"start", "end"}}),
              "parameter 'start' is 'end', where nothing comes any more; allowed: beginning, an "
              "offset, or end with 'follow: true'");
    EXPECT_EQ(
        refusal({{"path", "*.log"}, {"start", "10"}}),
        "parameter 'start' is '10', and '*.log' may be several files; allowed with a pattern: "
        "beginning, or end with 'follow: true'");
    EXPECT_EQ(refusal({{"path", "x"}, {"follow", "true"}, {"compression", "auto"}}),
              "parameter 'compression' is 'auto'; allowed with 'follow: true': none, as a "
              "compressed file cannot be followed");
    EXPECT_EQ(refusal({{"path", "x"}, {"start", "10"}, {"compression", "auto"}}),
              "parameter 'start' is '10'; allowed with 'compression: auto': beginning");
    EXPECT_EQ(refusal({{"path", "x"}, {"compression", "lz4"}}),
              "parameter 'compression' is 'lz4'; allowed: one of none, auto, gzip, zstd");
}
