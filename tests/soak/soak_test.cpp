#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include <sys/wait.h>

/// The soak must be able to fail, and must repeat its plan; what it finds out about weft it says
/// itself.

namespace weft::test
{

namespace
{

struct SoakResult
{
    int exitCode = -1;
    std::string output; // both streams
};

SoakResult soak(const std::string& arguments)
{
    SoakResult result;
    const auto command = std::string(SOAK_PROGRAM) + " " + arguments + " 2>&1";
    auto* const pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr)
    {
        return result;
    }
    std::array<char, 4096> chunk{};
    while (const auto size = std::fread(chunk.data(), 1, chunk.size(), pipe))
    {
        result.output.append(chunk.data(), size);
    }
    const int status = ::pclose(pipe);
    result.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

std::string digestOf(const std::string& seed)
{
    constexpr std::string_view Before = "digest of the plan ";
    const auto printed = soak("--print-plan --sources 50 --seed " + seed);
    EXPECT_EQ(printed.exitCode, 0);
    const auto place = printed.output.find(Before);
    EXPECT_NE(place, std::string::npos) << printed.output;
    return printed.output.substr(place + Before.size(), 16);
}

constexpr auto* ShortRun = "--minutes 0.1 --round 2s --sources 60 --reactors 2 --seed 42";

void expectViolation(const std::string& plant, std::string_view finding)
{
    const auto result = soak(std::string(ShortRun) + " --plant " + plant);
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_NE(result.output.find(finding), std::string::npos) << result.output;
    EXPECT_NE(result.output.find("--seed 42 "), std::string::npos) << result.output;
}

} // namespace

TEST(SoakTest, aShortSoakPasses)
{
    const auto result = soak(ShortRun);
    EXPECT_EQ(result.exitCode, 0) << result.output;
    EXPECT_NE(result.output.find("all checks passed; seed 42"), std::string::npos);
}

TEST(SoakTest, sameSeedSamePlan)
{
    EXPECT_EQ(digestOf("7"), digestOf("7"));
    EXPECT_NE(digestOf("7"), digestOf("8"));
}

TEST(SoakTest, aLostByteIsFound)
{
    expectViolation("lose-byte", ": expected: byte ");
}

TEST(SoakTest, aChangedByteIsFound)
{
    expectViolation("change-byte", ": expected: byte ");
}

TEST(SoakTest, aBufferThatIsKeptIsFound)
{
    expectViolation("keep-buffer", "I/O buffers in use of reactor ");
}

TEST(SoakTest, aSourceThatDoesNotStopIsNamedWithItsState)
{
    const auto result = soak(std::string(ShortRun) + " --plant block-for-ever --watchdog 2s");
    EXPECT_EQ(result.exitCode, 1);
    const auto stuck = result.output.find("stuck: ");
    ASSERT_NE(stuck, std::string::npos) << result.output;
    const auto line = result.output.substr(stuck, result.output.find('\n', stuck) - stuck);
    EXPECT_NE(line.find("source r0-s"), std::string::npos) << line;
    EXPECT_NE(line.find("running"), std::string::npos) << line;
    EXPECT_NE(result.output.find("failed; --seed 42 "), std::string::npos) << result.output;
}

TEST(SoakTest, wrongUsageIsExitCodeTwo)
{
    EXPECT_EQ(soak("--minutes never").exitCode, 2);
    EXPECT_EQ(soak("--minutes nan").exitCode, 2);
    EXPECT_EQ(soak("--sauces 3").exitCode, 2);
    EXPECT_EQ(soak("--plant weeds").exitCode, 2);
    EXPECT_EQ(soak("--watchdog soon").exitCode, 2);
}

} // namespace weft::test
