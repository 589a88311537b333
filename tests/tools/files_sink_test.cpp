#include "session_files.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

/// The files sink is a recorder: what it writes is what the sources sent, byte for byte.

namespace weft::test
{

namespace
{

constexpr auto OneSource = "sink: {type: files, directory: out}\n"
                           "sources: [{name: log, type: file, path: data}]\n";
constexpr auto Overwriting = "sink: {type: files, directory: out, overwrite: true}\n"
                             "sources: [{name: log, type: file, path: data}]\n";

} // namespace

TEST(FilesSinkTest, copiesByteForByte)
{
    const RunDirectory directory("workers: 3\nsink: {type: files, directory: deep/out}\nsources:\n"
                                 "- {name: log, type: file, count: 5, path: data}\n"
                                 "- {name: other, type: file, path: small}\n");
    const auto data = randomBytes(1'000'003);
    directory.write("data", data);
    directory.write("small", "a few bytes");
    const auto account = directory.run();
    EXPECT_EQ(account.program.exitCode, 0) << account.program.errors;
    for (const auto* const name : {"log-0", "log-1", "log-2", "log-3", "log-4"})
    {
        EXPECT_EQ(readText(directory.path() / "deep/out" / name), data) << name;
    }
    EXPECT_EQ(readText(directory.path() / "deep/out/other"), "a few bytes");
    EXPECT_EQ(account.json["totals"]["bytes"], 5 * data.size() + 11);
}

TEST(FilesSinkTest, aFileThatIsThereIsLeftAsItIs)
{
    const RunDirectory directory(OneSource);
    directory.write("data", "new");
    directory.write("out/log", "old");
    const auto result = runProgram(directory.arguments(), directory.options());
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.errors,
              "weft: the sink would overwrite 'out/log'; remove what is there, choose another "
              "directory, or write 'overwrite: true'\n");
    EXPECT_EQ(readText(directory.path() / "out/log"), "old");
}

TEST(FilesSinkTest, overwriteReplacesIt)
{
    const RunDirectory directory(Overwriting);
    directory.write("data", "new");
    directory.write("out/log", "old and longer");
    EXPECT_EQ(directory.run().program.exitCode, 0);
    EXPECT_EQ(readText(directory.path() / "out/log"), "new");
}

TEST(FilesSinkTest, theFileThatASourceReadsIsNotEmptied)
{
    const RunDirectory directory("sink: {type: files, directory: ., overwrite: true}\n"
                                 "sources: [{name: log, type: file, path: log}]\n");
    directory.write("log", "precious");
    const auto result = runProgram(directory.arguments(), directory.options());
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.errors, "weft: the sink would overwrite './log', which a source reads; choose "
                             "another directory\n");
    EXPECT_EQ(readText(directory.path() / "log"), "precious");
}

TEST(FilesSinkTest, aDirectoryThatCannotBeMadeIsRefused)
{
    const RunDirectory directory("sink: {type: files, directory: data/out}\n"
                                 "sources: [{name: log, type: file, path: data}]\n");
    directory.write("data", "a file");
    const auto result = runProgram(directory.arguments(), directory.options());
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.errors,
              "weft: cannot make the sink's directory 'data/out': Not a directory\n");
}

/// A pipe without a reader kept weft waiting before it listened to signals. Whether there is a
/// reader or not, it is no file to record to.
TEST(FilesSinkTest, overwriteRefusesWhatIsNotARegularFile)
{
    const RunDirectory directory(Overwriting);
    directory.write("data", "new");
    directory.write("out/other", "");
    const auto place = directory.path() / "out/log";
    const auto expectRefused = [&directory](const char* what)
    {
        const auto result = runProgram(directory.arguments(), directory.options());
        EXPECT_EQ(result.exitCode, 2) << what;
        EXPECT_EQ(result.errors,
                  "weft: the sink cannot write 'out/log': it is not a regular file, but a pipe, a "
                  "device or the like; remove it, or choose another directory\n")
            << what;
    };
    checkedCall(::mkfifo(place.c_str(), 0600), "mkfifo");
    expectRefused("a pipe without a reader");
    const OwnedDescriptor reader(
        checkedCall(::open(place.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC), "open"));
    expectRefused("a pipe with a reader");
    std::filesystem::remove(place);
    std::filesystem::create_symlink("/dev/full", place);
    expectRefused("a device");
}

/// The files of the sources before the one that is refused had been emptied by then.
TEST(FilesSinkTest, aRefusedOverwriteChangesNothing)
{
    const RunDirectory directory("sink: {type: files, directory: out, overwrite: true}\nsources:\n"
                                 "- {name: first, type: file, path: data}\n"
                                 "- {name: absent, type: file, path: data}\n"
                                 "- {name: last, type: file, path: data}\n");
    directory.write("data", "new");
    directory.write("out/first", "old");
    std::filesystem::create_directory(directory.path() / "out/last");
    const auto result = runProgram(directory.arguments(), directory.options());
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.errors, "weft: the sink cannot open 'out/last': Is a directory\n");
    EXPECT_EQ(readText(directory.path() / "out/first"), "old");
    EXPECT_FALSE(std::filesystem::exists(directory.path() / "out/absent"));
}

TEST(FilesSinkTest, twoSourcesAreNotWrittenToOneFile)
{
    const RunDirectory directory("sink: {type: files, directory: out, overwrite: true}\nsources:\n"
                                 "- {name: first, type: file, path: data}\n"
                                 "- {name: second, type: file, path: data}\n");
    directory.write("data", "new");
    directory.write("out/first", "old");
    std::filesystem::create_symlink("first", directory.path() / "out/second");
    const auto result = runProgram(directory.arguments(), directory.options());
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.errors, "weft: the sink would write 'out/first' and 'out/second' to one file; "
                             "remove the links, or choose another directory\n");
    EXPECT_EQ(readText(directory.path() / "out/first"), "old");
}

TEST(FilesSinkTest, theConfigurationIsNotOverwritten)
{
    const std::string config = "sink: {type: files, directory: ., overwrite: true}\n"
                               "sources: [{name: config.yaml, type: file, path: data}]\n";
    const RunDirectory directory(config);
    directory.write("data", "new");
    const auto result = runProgram(directory.arguments(), directory.options());
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(readText(directory.path() / "config.yaml"), config);
}

TEST(FilesSinkTest, aFullDiskFailsItsSourceAndNoOther)
{
    const RunDirectory directory("sink: {type: files, directory: out, overwrite: true}\nsources:\n"
                                 "- {name: unlucky, type: file, path: data}\n"
                                 "- {name: lucky, type: file, path: data}\n");
    const auto data = randomBytes(500'000);
    directory.write("data", data);
    directory.write("out/lucky", "");
    std::filesystem::create_directory(directory.path() / "small");
    std::filesystem::create_symlink("../small/unlucky", directory.path() / "out/unlucky");
    auto options = directory.options();
    options.smallDisk = "small";
    auto result = runProgram(directory.arguments(), options);
    if (result.exitCode == ExitNotPermitted)
    {
        GTEST_SKIP() << "no file system may be mounted here";
    }
    const auto account = directory.account(std::move(result));
    EXPECT_EQ(account.program.exitCode, 1);
    EXPECT_EQ(account.source("unlucky")["state"], "failed");
    EXPECT_EQ(account.source("unlucky")["error"], "write 'out/unlucky': No space left on device");
    EXPECT_LE(account.source("unlucky")["bytes"], 64 << 10);
    EXPECT_GT(account.source("unlucky")["buffers_dropped"], 0);
    EXPECT_EQ(account.source("lucky")["state"], "ended");
    EXPECT_EQ(readText(directory.path() / "out/lucky"), data);
}

} // namespace weft::test
