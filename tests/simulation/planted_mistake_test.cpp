#include "tests/simulation/program_run.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

/// The simulator must find mistakes. A build of the runtime that makes one on purpose
/// (memory/planted_mistake.hpp) is found out within a stated number of seeds, from the first one
/// on; the right one passes all of them.

namespace weft::test
{

namespace
{

struct Planted
{
    const char* mistake;
    int seedsMost;
};

std::ostream& operator<<(std::ostream& stream, const Planted& planted)
{
    return stream << planted.mistake;
}

class PlantedMistakeTest : public testing::TestWithParam<Planted>
{
};

std::string textOf(int number)
{
    return std::to_string(number);
}

} // namespace

// Several times what was needed at most, from any first seed on: docs/simulation.md has that.
INSTANTIATE_TEST_SUITE_P(, PlantedMistakeTest,
                         testing::Values(Planted{"resume-at-cancellation", 4},
                                         Planted{"drop-raced-bytes", 8}, Planted{"lose-wake-up", 8},
                                         Planted{"lend-twice", 8}, Planted{"forget-waiter", 40}),
                         [](const auto& parameter)
                         {
                             std::string name = parameter.param.mistake;
                             for (auto& character : name)
                             {
                                 character = character == '-' ? '_' : character;
                             }
                             return name;
                         });

TEST_P(PlantedMistakeTest, isFoundAndCanBeRepeated)
{
    const auto [mistake, seedsMost] = GetParam();
    const std::string program = SIM_MISTAKEN_PROGRAM;
    const auto found =
        runProgram(program + " --mistake " + mistake + " --jobs 1 --seeds " + textOf(seedsMost));
    ASSERT_EQ(found.exitCode, 1) << found.output;
    const auto finding = found.after("found: ");
    EXPECT_FALSE(finding.empty()) << found.output;
    EXPECT_TRUE(found.says("of simulated time after the start")) << found.output;
    EXPECT_TRUE(found.says(" events:\n")) << found.output;

    // The command that it prints finds the same.
    const auto command = found.after("repeat it with: weft-sim-mistaken ");
    ASSERT_NE(command.find("--seed "), std::string::npos) << found.output;
    const auto repeated = runProgram(program + " " + command);
    EXPECT_EQ(repeated.exitCode, 1);
    EXPECT_EQ(repeated.after("found: "), finding);
}

TEST(PlantedMistakesTest, withoutOneTheSameSeedsFindNothing)
{
    constexpr int SeedsOfAll = 40;
    const auto arguments = " --seeds " + textOf(SeedsOfAll);
    const auto unmistaken =
        runProgram(std::string(SIM_MISTAKEN_PROGRAM) + " --mistake none" + arguments);
    EXPECT_EQ(unmistaken.exitCode, 0) << unmistaken.output;
    const auto right = runProgram(std::string(SIM_PROGRAM) + arguments);
    EXPECT_EQ(right.exitCode, 0) << right.output;
    // Two builds of the same code: what happens is the same in both.
    EXPECT_EQ(unmistaken.after("digest "), right.after("digest "));
}

} // namespace weft::test
