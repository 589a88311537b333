#include "tests/simulation/program_run.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

/// The program weft-sim itself: that a seed is a run, event by event, and what it says and answers.

namespace weft::test
{

namespace
{

ProgramRun sim(const std::string& arguments)
{
    return runProgram(std::string(SIM_PROGRAM) + " " + arguments);
}

std::string digestOf(const std::string& arguments)
{
    const auto run = sim(arguments);
    EXPECT_EQ(run.exitCode, 0) << run.output;
    const auto digest = run.after("digest ");
    EXPECT_EQ(digest.size(), 16) << run.output;
    return digest;
}

void expectUsageError(const std::string& arguments, const std::string& option,
                      const std::string& value, const std::string& allowed)
{
    const auto run = sim(arguments);
    EXPECT_EQ(run.exitCode, 2);
    EXPECT_TRUE(run.says(option)) << run.output;
    EXPECT_TRUE(run.says(value)) << run.output;
    EXPECT_TRUE(run.says(allowed)) << run.output;
}

} // namespace

TEST(WeftSimTest, sameSeedSameRunInAnotherProcess)
{
    const std::string seed = "--sources 40 --duration 5m --seed ";
    const auto digest = digestOf(seed + "7");
    EXPECT_EQ(digestOf(seed + "7"), digest);
    EXPECT_NE(digestOf(seed + "8"), digest);
}

TEST(WeftSimTest, seedsAreTheSameInHoweverManyProcesses)
{
    const auto digest = digestOf("--seeds 12 --duration 1m --jobs 1");
    EXPECT_EQ(digestOf("--seeds 12 --duration 1m --jobs 3"), digest);
    EXPECT_NE(digestOf("--seeds 12 --first-seed 1 --duration 1m"), digest);
}

TEST(WeftSimTest, aSeedIsTheSameAloneAsAmongOthers)
{
    // The seed before it leaves nothing behind in the process.
    const auto both = sim("--seeds 2 --first-seed 4 --duration 1m --sources 16 --jobs 1");
    const auto alone = sim("--seeds 1 --first-seed 5 --duration 1m --sources 16 --jobs 1");
    const auto before = sim("--seeds 1 --first-seed 4 --duration 1m --sources 16 --jobs 1");
    const auto digest = [](const ProgramRun& run)
    {
        return std::stoull(run.after("digest "), nullptr, 16);
    };
    EXPECT_EQ(digest(both), digest(alone) + digest(before));
}

TEST(WeftSimTest, tellsSimulatedHoursForEachRealMinute)
{
    const auto run = sim("--seeds 3 --duration 2m");
    EXPECT_EQ(run.exitCode, 0);
    EXPECT_TRUE(run.says("hours for each real minute")) << run.output;
    EXPECT_TRUE(run.says("3 without a finding, 0 with one")) << run.output;
}

TEST(WeftSimTest, anInterruptEndsItWithASummary)
{
    const auto run = runProgram("timeout --preserve-status --signal INT 2 " +
                                std::string(SIM_PROGRAM) + " --until-stopped --duration 1m");
    EXPECT_EQ(run.exitCode, 130) << run.output;
    EXPECT_TRUE(run.says("interrupted before the end")) << run.output;
    EXPECT_TRUE(run.says(", 0 with one")) << run.output;
}

TEST(WeftSimTest, wrongUsageNamesOptionValueAndWhatIsAllowed)
{
    expectUsageError("--seed none", "--seed", "none", "a whole number from 0");
    expectUsageError("--seeds 0", "--seeds", "0", "1 to 1000000000000");
    expectUsageError("--seed 1 --duration 1ms", "--duration", "1ms", "1s to 720h");
    expectUsageError("--seed 1 --sources 0", "--sources", "0", "1 to 5000");
    expectUsageError("--seeds 5 --jobs 0", "--jobs", "0", "1 to 1024");
    expectUsageError("--seed 1 --events many", "--events", "many", "0 to 4096");
    expectUsageError("--seed 1 --seeds 5", "--seed S", "--seeds N", "--until-stopped");
    expectUsageError("", "--seed S", "--seeds N", "--until-stopped");
    EXPECT_EQ(sim("--sauces 3").exitCode, 2);
}

/// Seeds that found something once. Each line is the arguments of a run; the rest of it, after #,
/// is what was found.
TEST(WeftSimTest, seedsThatOnceFoundSomethingFindNothing)
{
    std::ifstream seeds(SIM_REGRESSION_SEEDS);
    ASSERT_TRUE(seeds);
    int runs = 0;
    for (std::string line; std::getline(seeds, line);)
    {
        const auto arguments = line.substr(0, line.find('#'));
        if (arguments.find("--seed") == std::string::npos)
        {
            continue;
        }
        ++runs;
        const auto run = sim(arguments);
        EXPECT_EQ(run.exitCode, 0) << line << "\n" << run.output;
    }
    EXPECT_GT(runs, 0);
}

} // namespace weft::test
