#include "tests/sources/file/compressed.hpp"
#include "tests/sources/file/file_test.hpp"
#include "tests/support/heap_count.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>

#include <random>
#include <semaphore>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

struct Format
{
    const char* name;
    std::string (*compress)(std::string_view);
};

/// Each test of both formats.
class DecompressionTest : public FileTest
{
protected:
    static constexpr Format Formats[] = {{.name = "gzip", .compress = gzip},
                                         {.name = "zstd", .compress = zstd}};

    /// What comes of a file; what made the source fail, if anything did, is in failure.
    std::string read(const std::filesystem::path& path, const std::string& compression)
    {
        EventLog own;
        auto source = open(path, {{"compression", compression}});
        EXPECT_TRUE(source.start(own.emit()));
        own.waitForLast();
        failure = own.failure() ? own.failure()->message : "";
        if (own.failure())
        {
            EXPECT_EQ(own.failure()->code, std::errc::bad_message) << failure;
        }
        return own.received();
    }

    std::string failure;
};

/// Compresses to about half; the same for each seed.
std::string someText(std::size_t sizeBytes, unsigned seed = 1)
{
    std::mt19937 random(seed);
    std::string text(sizeBytes, '\0');
    for (auto& byte : text)
    {
        byte = static_cast<char>('a' + random() % 16);
    }
    return text;
}

/// Nanoseconds on a CPU of the threads of that name.
std::uint64_t cpuOfThreads(std::string_view name)
{
    std::uint64_t sum = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
    {
        std::ifstream names(task.path() / "comm");
        std::string own;
        std::getline(names, own);
        std::ifstream schedule(task.path() / "schedstat");
        std::uint64_t nanoseconds = 0;
        schedule >> nanoseconds;
        sum += own.starts_with(name) ? nanoseconds : 0;
    }
    return sum;
}

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(DecompressionTest);

TEST_P(DecompressionTest, fileArrivesByteForByte)
{
    const auto text = someText(3'000'000);
    for (const auto& format : Formats)
    {
        write(format.name, format.compress(text));
        EXPECT_TRUE(read(format.name, format.name) == text) << format.name;
        EXPECT_TRUE(read(format.name, "auto") == text) << format.name;
        EXPECT_EQ(failure, "");
    }
}

TEST_P(DecompressionTest, membersAndFramesFollowOneAnother)
{
    for (const auto& format : Formats)
    {
        std::string compressed;
        std::string expected;
        for (unsigned part = 0; part < 50; ++part)
        {
            const auto text = someText(part * part * 100, part); // the first one empty
            compressed += format.compress(text);
            expected += text;
        }
        write(format.name, compressed);
        EXPECT_TRUE(read(format.name, format.name) == expected) << format.name;
        EXPECT_EQ(failure, "");
    }
}

TEST_P(DecompressionTest, zerosBehindAMemberOfGzipArePadding)
{
    write("tape", gzip("text") + std::string(300'000, '\0'));
    EXPECT_EQ(read("tape", "gzip"), "text");
    EXPECT_EQ(failure, "");
    write("tape", gzip("text") + std::string(300'000, '\0') + gzip("more"));
    EXPECT_EQ(read("tape", "gzip"), "textmore");
    EXPECT_EQ(failure, "");
}

TEST_P(DecompressionTest, whatFollowsButIsNotCompressedIsAnError)
{
    for (const auto& format : Formats)
    {
        const auto compressed = format.compress("good bytes");
        write(format.name, compressed + "garbage");
        EXPECT_EQ(read(format.name, format.name), "good bytes");
        EXPECT_NE(failure.find(format.name), std::string::npos) << failure;
    }
}

TEST_P(DecompressionTest, truncatedFileIsAnErrorBehindItsGoodBytes)
{
    const auto text = someText(1'000'000);
    for (const auto& format : Formats)
    {
        const auto compressed = format.compress(text);
        write(format.name, compressed.substr(0, compressed.size() / 2));
        const auto good = read(format.name, format.name);
        EXPECT_GT(good.size(), text.size() / 3);
        EXPECT_TRUE(text.starts_with(good));
        const auto expected = fmt::format("at byte {} ({}: it ends too early): Bad message",
                                          compressed.size() / 2, format.name);
        EXPECT_NE(failure.find(expected), std::string::npos) << failure;
        EXPECT_TRUE(failure.starts_with("decompress '" + (directory.path() / format.name).string()))
            << failure;
        // Of the last checksum, too.
        write(format.name, compressed.substr(0, compressed.size() - 1));
        EXPECT_TRUE(read(format.name, format.name) == text) << format.name;
        EXPECT_NE(failure.find("it ends too early"), std::string::npos) << failure;
    }
}

TEST_P(DecompressionTest, emptyFileIsNoCompressedOne)
{
    write("empty", "");
    for (const auto& format : Formats)
    {
        EXPECT_EQ(read("empty", format.name), "");
        EXPECT_NE(failure.find("it ends too early"), std::string::npos) << failure;
    }
    EXPECT_EQ(read("empty", "auto"), "");
    EXPECT_EQ(failure, "");
}

TEST_P(DecompressionTest, corruptFileIsAnErrorBehindItsGoodBytes)
{
    const auto text = someText(1'000'000);
    for (const auto& format : Formats)
    {
        auto compressed = format.compress(text);
        for (std::size_t place = 0; place < 64; ++place)
        {
            compressed[compressed.size() / 2 + place] ^= '\x55';
        }
        write(format.name, compressed);
        const auto received = read(format.name, format.name);
        EXPECT_NE(failure.find(std::string(" (") + format.name + ": "), std::string::npos)
            << failure;
        // What comes before the place is right; gzip may see behind it that something was wrong.
        const auto good = text.size() / 3;
        ASSERT_GT(received.size(), good) << format.name;
        EXPECT_TRUE(received.substr(0, good) == text.substr(0, good)) << format.name;
    }
}

TEST_P(DecompressionTest, wrongChecksumIsAnErrorBehindAllBytes)
{
    const auto text = someText(100'000);
    for (const auto& format : Formats)
    {
        auto compressed = format.compress(text);
        compressed[compressed.size() - (format.compress == gzip ? 8 : 1)] ^= '\x01';
        write(format.name, compressed);
        EXPECT_TRUE(read(format.name, format.name) == text) << format.name;
        EXPECT_NE(failure, "") << format.name;
    }
}

TEST_P(DecompressionTest, anotherFormatThanWhatWasSaidIsAnError)
{
    write("gzip", gzip("text"));
    EXPECT_EQ(read("gzip", "zstd"), "");
    EXPECT_NE(failure.find("(zstd: "), std::string::npos) << failure;
    write("plain", "plain text");
    EXPECT_EQ(read("plain", "gzip"), "");
    EXPECT_NE(failure.find(" (gzip: incorrect header check)"), std::string::npos) << failure;
}

TEST_P(DecompressionTest, filesOfAPatternMayBeOfAnyFormat)
{
    const auto text = someText(200'000);
    write("log", text);
    write("log.1", gzip(text));
    write("log.2", zstd(text));
    write("log.3", "\x1f"); // the beginning of gzip, and all of the file
    EXPECT_TRUE(read("log*", "auto") == text + text + text + "\x1f");
    EXPECT_EQ(failure, "");
}

TEST_P(DecompressionTest, pipeIsDecompressedAsItsBytesCome)
{
    ASSERT_EQ(::mkfifo((directory.path() / "pipe").c_str(), 0600), 0);
    auto source = open("pipe", {{"compression", "auto"}});
    ASSERT_TRUE(source.start(log.emit()));
    {
        const OwnedDescriptor writer(
            checkedCall(::open((directory.path() / "pipe").c_str(), O_WRONLY | O_CLOEXEC), "open"));
        for (const auto byte : zstd("one"))
        {
            ASSERT_EQ(::write(writer.get(), &byte, 1), 1);
        }
        log.waitForBytes(3); // by the flush interval: the writer is silent and still there
        const auto rest = zstd("two");
        ASSERT_EQ(::write(writer.get(), rest.data(), rest.size()),
                  static_cast<ssize_t>(rest.size()));
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended()) << failureMessage();
    EXPECT_EQ(log.received(), "onetwo");
}

TEST_P(DecompressionTest, pipeThatIsNotCompressedLosesNothing)
{
    ASSERT_EQ(::mkfifo((directory.path() / "pipe").c_str(), 0600), 0);
    auto source = open("pipe", {{"compression", "auto"}});
    ASSERT_TRUE(source.start(log.emit()));
    const auto text = "\x28 as zstd, at first " + someText(300'000);
    {
        const OwnedDescriptor writer(
            checkedCall(::open((directory.path() / "pipe").c_str(), O_WRONLY | O_CLOEXEC), "open"));
        ASSERT_EQ(::write(writer.get(), text.data(), 1), 1);
        for (std::size_t written = 1; written < text.size();)
        {
            const auto size = ::write(writer.get(), text.data() + written, text.size() - written);
            ASSERT_GT(size, 0);
            written += static_cast<std::size_t>(size);
        }
    }
    log.waitForLast();
    EXPECT_TRUE(log.received() == text);
}

TEST_P(DecompressionTest, silentCompressedPipeStopsAtOnce)
{
    ASSERT_EQ(::mkfifo((directory.path() / "pipe").c_str(), 0600), 0);
    auto source = start("pipe", {{"compression", "gzip"}});
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(DecompressionTest, runningSourceStopsAndAllocatesNothing)
{
    options.offloadThreads = 1; // each allocates when it begins, which may be at any time
    for (const auto& format : Formats)
    {
        write(format.name, format.compress(std::string(64 << 20, 'x')));
        constexpr std::uint64_t LastBuffer = 4000;
        std::uint64_t buffers = 0;
        std::size_t atFirst = 0;
        std::size_t atLast = 0;
        std::binary_semaphore done(0);
        auto source = open(format.name, {{"compression", format.name}});
        ASSERT_TRUE(source.start(
            [&](OriginId, const SourceEvent&)
            {
                ++buffers;
                if (buffers == 100) // the library has all that it needs
                {
                    atFirst = heapAllocationCount();
                }
                if (buffers == LastBuffer)
                {
                    atLast = heapAllocationCount();
                    done.release();
                }
            }));
        done.acquire();
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        EXPECT_EQ(atLast - atFirst, 0U) << format.name;
    }
}

TEST_P(DecompressionTest, manySourcesDecompressAtOnce)
{
    constexpr std::size_t SourceCount = 30;
    const auto text = someText(100'000);
    write("gzip", gzip(text));
    std::vector<EventLog> logs(SourceCount);
    std::vector<SourceHandle> sources;
    for (auto& one : logs)
    {
        sources.push_back(open("gzip", {{"compression", "auto"}}));
        ASSERT_TRUE(sources.back().start(one.emit()));
    }
    for (auto& one : logs)
    {
        one.waitForLast();
        EXPECT_TRUE(one.received() == text);
    }
}

TEST(DecompressionOnAReactor, workIsDoneByTheOffloadPool)
{
    const TemporaryDirectory directory;
    const auto path = directory.write("gzip", gzip(someText(20'000'000)));
    Runtime runtime(onTestEngine({.reactors = 1, .bufferSizeBytes = 64 << 10}));
    EventLog log;
    auto source = SourceProvider(runtime).provide(
        1, SourceDescriptor("log", "file", {{"path", path.string()}, {"compression", "gzip"}}));
    std::uint64_t sizeBytes = 0;
    ASSERT_TRUE(source.start(
        [&, inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            if (auto* const data = std::get_if<SourceData>(&event))
            {
                sizeBytes += data->buffer.sizeBytes();
                return;
            }
            inner(origin, std::move(event));
        }));
    log.waitForLast();
    EXPECT_EQ(sizeBytes, 20'000'000U);
    if (cpuOfThreads("weft-offload") == 0)
    {
        GTEST_SKIP() << "this kernel does not count what a thread runs";
    }
    EXPECT_GT(cpuOfThreads("weft-offload"), 2 * cpuOfThreads("weft-0"));
}
