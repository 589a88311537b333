#include "session_files.hpp"

#include <gtest/gtest.h>

/// The account replaces no file that the command itself needs or writes, whatever it is called.

namespace weft::test
{

namespace
{

namespace fs = std::filesystem;

class AccountPlaceTest : public testing::Test
{
protected:
    AccountPlaceTest()
        : directory("sink: {type: files, directory: out, overwrite: true}\n"
                    "sources: [{name: log, type: file, path: data}]\n"),
          config(readText(directory.path() / "config.yaml"))
    {
        directory.write("data", "precious");
        directory.write("out/other", "also precious");
    }

    void expectRefused(const std::string& json, const std::string& what) const
    {
        const auto result = runProgram({"run", "config.yaml", "--json", json}, directory.options());
        EXPECT_EQ(result.exitCode, 2) << json;
        EXPECT_EQ(result.errors, "weft: '" + json + "' would be overwritten, which " + what +
                                     "; choose another file\n");
        EXPECT_EQ(readText(directory.path() / "config.yaml"), config);
        EXPECT_EQ(readText(directory.path() / "data"), "precious");
        for (const auto& entry : fs::recursive_directory_iterator(directory.path()))
        {
            EXPECT_NE(entry.path().extension(), ".part") << entry.path();
        }
    }

    void linkTo(const std::string& target, const std::string& name) const
    {
        fs::create_symlink(target, directory.path() / name);
    }

    RunDirectory directory;
    std::string config;
};

} // namespace

TEST_F(AccountPlaceTest, theConfigurationIsNone)
{
    fs::create_hard_link(directory.path() / "config.yaml", directory.path() / "hard");
    linkTo("config.yaml", "soft");
    for (const auto* const json : {"config.yaml", "./out/../config.yaml", "hard", "soft"})
    {
        expectRefused(json, "is the configuration");
    }
}

TEST_F(AccountPlaceTest, whatASourceReadsIsNone)
{
    linkTo("data", "first");
    linkTo("first", "second");
    for (const auto* const json : {"data", "second"})
    {
        expectRefused(json, "source 'log' reads");
    }
}

TEST_F(AccountPlaceTest, theSinksFileIsNoneWhetherItIsThereOrNot)
{
    linkTo("out", "alias");
    linkTo("out/log", "dangling");
    for (const auto* const json : {"out/log", "alias/log", "dangling"})
    {
        expectRefused(json, "is the sink's file of source 'log'");
    }
    directory.write("out/log", "there");
    expectRefused("alias/log", "is the sink's file of source 'log'");
    EXPECT_EQ(readText(directory.path() / "out/log"), "there");
}

TEST_F(AccountPlaceTest, aSymbolicLinkIsWrittenThrough)
{
    directory.write("kept/target.json", "old");
    linkTo("kept/target.json", "link.json");
    linkTo("kept/new.json", "dangling.json");
    for (const std::string name : {"link", "dangling"})
    {
        const auto link = directory.path() / (name + ".json");
        const auto result =
            runProgram({"run", "config.yaml", "--json", name + ".json"}, directory.options());
        EXPECT_EQ(result.exitCode, 0) << result.errors;
        EXPECT_TRUE(fs::is_symlink(link));
        EXPECT_EQ(nlohmann::json::parse(readText(link))["totals"]["bytes"], 8);
    }
}

TEST_F(AccountPlaceTest, linksThatGoRoundInACircleAreRefused)
{
    linkTo("b", "a");
    linkTo("a", "b");
    const auto result = runProgram({"run", "config.yaml", "--json", "a"}, directory.options());
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.errors, "weft: cannot write 'a': Too many levels of symbolic links\n");
}

TEST_F(AccountPlaceTest, whatDemoAndServeSendIsNone)
{
    linkTo("data", "link");
    const auto demo =
        runProgram({"demo", "--sources", "1", "--files", "0", "--data", "data", "--json", "link"},
                   directory.options());
    EXPECT_EQ(demo.exitCode, 2);
    EXPECT_EQ(demo.errors, "weft: 'link' would be overwritten, which is the data to send; choose "
                           "another file\n");
    const auto serve =
        runProgram({"serve", "data", "--port", "0", "--report", "link"}, directory.options());
    EXPECT_EQ(serve.exitCode, 2);
    EXPECT_EQ(serve.errors, "weft: 'link' would be overwritten, which is what is replayed; choose "
                            "another file\n");
    EXPECT_EQ(readText(directory.path() / "data"), "precious");
}

} // namespace weft::test
