#include <weft/sources/source_registry.hpp>

#include "child_program.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace weft::test
{

namespace
{

} // namespace

TEST(CommandLineTest, withoutArgumentsItTeachesAndFails)
{
    const auto result = runProgram({});
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_TRUE(result.errors.contains("weft run feeds.yaml")) << result.errors;
}

TEST(CommandLineTest, versionIsShown)
{
    const auto result = runProgram({"--version"});
    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.output, "weft " WEFT_VERSION "\n");
}

TEST(CommandLineTest, eachCommandHasHelpWithExamples)
{
    for (const auto* const command : {"run", "sources", "doctor"})
    {
        const auto result = runProgram({command, "--help"});
        EXPECT_EQ(result.exitCode, 0);
        EXPECT_TRUE(result.output.contains(std::string("Examples:\n  weft ") + command))
            << result.output;
    }
}

TEST(CommandLineTest, anUnknownOptionIsNamed)
{
    for (const auto& arguments :
         std::vector<std::vector<std::string>>{{"--fast"}, {"run", "a.yaml", "--fast"}})
    {
        const auto result = runProgram(arguments);
        EXPECT_EQ(result.exitCode, 2);
        EXPECT_TRUE(result.errors.contains("--fast")) << result.errors;
    }
}

TEST(CommandLineTest, anUnknownCommandIsNamed)
{
    const auto result = runProgram({"ingest"});
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_TRUE(result.errors.contains("ingest")) << result.errors;
}

TEST(CommandLineTest, runNeedsAConfiguration)
{
    EXPECT_EQ(runProgram({"run"}).exitCode, 2);
}

TEST(CommandLineTest, aDurationNeedsItsUnit)
{
    const auto result = runProgram({"run", "a.yaml", "--duration", "10"});
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.errors, "weft: option --duration is '10'; allowed: a duration with unit ns, "
                             "us, ms, s, m or h, such as 250ms, below 2500000h\n");
}

TEST(CommandLineTest, aDurationBeyondTheClockIsToldItsBound)
{
    const auto result = runProgram({"run", "a.yaml", "--duration", "2500000h"});
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_NE(result.errors.find("'2500000h'; allowed: "), std::string::npos) << result.errors;
    EXPECT_NE(result.errors.find("below 2500000h\n"), std::string::npos) << result.errors;
}

/// As scripts write it when a variable is not set.
TEST(CommandLineTest, anEmptyValueIsNotTakenAsNone)
{
    const std::vector<std::vector<std::string>> commands{
        {"run", "a.yaml", "--duration", ""},
        {"run", "a.yaml", "--json", ""},
        {"demo", "--json", ""},
        {"serve", "/dev/null", "--port", "0", "--report", ""},
    };
    for (const auto& arguments : commands)
    {
        const auto result = runProgram(arguments);
        const auto& option = arguments[arguments.size() - 2];
        EXPECT_EQ(result.exitCode, 2) << option;
        EXPECT_TRUE(result.errors.contains("weft: option " + option + " is ''; allowed: "))
            << result.errors;
    }
}

TEST(SourcesCommandTest, listsTheTypes)
{
    const auto result = runProgram({"sources"});
    EXPECT_EQ(result.exitCode, 0);
    EXPECT_TRUE(result.output.contains("\ntcp ")) << result.output;
    EXPECT_TRUE(result.output.contains("\nfile ")) << result.output;
}

TEST(SourcesCommandTest, showsTheParametersOfAType)
{
    const auto result = runProgram({"sources", "tcp"});
    EXPECT_EQ(result.exitCode, 0);
    for (const auto* const part :
         {"PARAMETER", "port ", "required", "1 to 65535", "flush_interval", "10ms"})
    {
        EXPECT_TRUE(result.output.contains(part)) << part << '\n' << result.output;
    }
}

TEST(SourcesCommandTest, anUnknownTypeGivesTheKnownOnes)
{
    const auto result = runProgram({"sources", "flie"});
    EXPECT_EQ(result.exitCode, 2);
    // Which types there are depends on what is built.
    EXPECT_EQ(result.errors,
              fmt::format("weft: there is no source type 'flie'; allowed: {}; did you mean "
                          "'file'?\n",
                          fmt::join(SourceRegistry::instance().names(), ", ")));
}

TEST(DoctorCommandTest, saysThatItCanRunWhereTheseTestsRun)
{
    const auto result = runProgram({"doctor"});
    EXPECT_EQ(result.exitCode, 0) << result.output;
    EXPECT_TRUE(result.output.contains("weft can run here")) << result.output;
}

TEST(DoctorCommandTest, jsonHasEveryCheck)
{
    const auto result = runProgram({"doctor", "--json"});
    const auto report = nlohmann::json::parse(result.output);
    EXPECT_EQ(report["usable"], result.exitCode == 0);
    std::set<std::string> names;
    for (const auto& check : report["checks"])
    {
        names.insert(check["name"]);
        EXPECT_TRUE(check["level"] == "ok" || !check["advice"].get<std::string>().empty()) << check;
    }
    for (const auto* const name : {"kernel", "io_uring", "file descriptors", "locked memory",
                                   "guard pages", "CPUs", "build"})
    {
        EXPECT_TRUE(names.contains(name)) << name;
    }
}

TEST(DoctorCommandTest, fewDescriptorsAreAWarningWithAdvice)
{
    const auto result = runProgram({"doctor"}, {.descriptorLimit = 200});
    EXPECT_EQ(result.exitCode, 0);
    EXPECT_TRUE(result.output.contains("warn    file descriptors: soft limit 200"))
        << result.output;
    EXPECT_TRUE(result.output.contains("to do: raise the hard limit")) << result.output;
}

} // namespace weft::test
