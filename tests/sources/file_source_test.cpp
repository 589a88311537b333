#include <weft/reactor/runtime.hpp>
#include <weft/sources/file/file_source.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <semaphore>

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

class FileSourceTest : public testing::TestWithParam<RunnerKind>
{
protected:
    FileSourceTest()
    {
        std::string pattern = "weft-file-source-XXXXXX";
        directory = ::mkdtemp(pattern.data());
    }

    ~FileSourceTest() override
    {
        std::filesystem::remove_all(directory);
    }

    std::filesystem::path write(std::string_view name, std::string_view content) const
    {
        const auto path = directory / name;
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }

    SourceHandle open(const std::filesystem::path& path, ParameterTexts texts = {})
    {
        texts.emplace("execution", executionText(GetParam()));
        texts.emplace("path", path.string());
        return SourceProvider(runtime).provide(1, SourceDescriptor("log", "file", texts));
    }

    Runtime runtime{onTestEngine({.reactors = 1, .bufferSizeBytes = 4096})};
    EventLog log;
    std::filesystem::path directory;
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
    auto source = open(directory / "nowhere");
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::no_such_file_or_directory);
    EXPECT_NE(log.failure()->message.find("nowhere"), std::string::npos);
}

TEST_P(FileSourceTest, directoryInsteadOfAFileIsAnError)
{
    auto source = open(directory);
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, std::errc::is_a_directory);
}

TEST_P(FileSourceTest, pipeWaitsForItsFirstWriterAndEndsWithItsLast)
{
    const auto path = directory / "pipe";
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
    const auto path = directory / "pipe";
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
    while (cachedPages(path, FileBytes) * 4096 < FileSource::ReadAheadBytes)
    {
        std::this_thread::yield();
    }
    goOn.release();
    log.waitForLast();
    EXPECT_EQ(log.received().size(), FileBytes);
}
