#include "session_files.hpp"

#include <gtest/gtest.h>

/// The files sink is a recorder: what it writes is what the sources sent, byte for byte.

namespace weft::test
{

namespace
{

constexpr auto OneSource = "sink: {type: files, directory: out}\n"
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
    const RunDirectory directory("sink: {type: files, directory: out, overwrite: true}\n"
                                 "sources: [{name: log, type: file, path: data}]\n");
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

/// /dev/full answers each write as a full disk does.
TEST(FilesSinkTest, aFullDiskFailsItsSourceAndNoOther)
{
    const RunDirectory directory("sink: {type: files, directory: out, overwrite: true}\nsources:\n"
                                 "- {name: unlucky, type: file, path: data}\n"
                                 "- {name: lucky, type: file, path: data}\n");
    const auto data = randomBytes(500'000);
    directory.write("data", data);
    directory.write("out/lucky", "");
    std::filesystem::create_symlink("/dev/full", directory.path() / "out/unlucky");
    const auto account = directory.run();
    EXPECT_EQ(account.program.exitCode, 1);
    EXPECT_EQ(account.source("unlucky")["state"], "failed");
    EXPECT_EQ(account.source("unlucky")["error"], "write 'out/unlucky': No space left on device");
    EXPECT_EQ(account.source("unlucky")["bytes"], 0);
    EXPECT_GT(account.source("unlucky")["buffers_dropped"], 0);
    EXPECT_EQ(account.source("lucky")["state"], "ended");
    EXPECT_EQ(readText(directory.path() / "out/lucky"), data);
}

} // namespace weft::test
