#include "tests/fuzz/fuzz_target.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <set>
#include <string>

/// Everything that is kept in corpus/ goes through its target: what a fuzzer has once found stays
/// found, without a fuzzer.

namespace weft::fuzz
{

/// In the list of tests.
void PrintTo(const Target& target, std::ostream* stream)
{
    *stream << target.name;
}

namespace
{

namespace fs = std::filesystem;

const fs::path Corpus = WEFT_FUZZ_CORPUS;

std::string contentOf(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::set<std::string> namesIn(const fs::path& directory)
{
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory))
    {
        names.insert(entry.path().filename().string());
    }
    return names;
}

class CorpusTest : public testing::TestWithParam<Target>
{
};

} // namespace

TEST_P(CorpusTest, holdsWhatTheTargetRequires)
{
    const auto directory = Corpus / GetParam().name;
    const auto names = namesIn(directory);
    EXPECT_GE(names.size(), 3U);
    for (const auto& name : names)
    {
        SCOPED_TRACE(name);
        EXPECT_NO_THROW(GetParam().check(contentOf(directory / name)));
    }
}

/// Nothing, and what only a machine would write.
TEST_P(CorpusTest, targetBearsBytesThatMeanNothing)
{
    EXPECT_NO_THROW(GetParam().check({}));
    EXPECT_NO_THROW(GetParam().check(std::string(1000, '\0')));
    EXPECT_NO_THROW(GetParam().check(std::string(1000, '\xff')));
}

INSTANTIATE_TEST_SUITE_P(Of, CorpusTest, testing::ValuesIn(targets().begin(), targets().end()),
                         [](const auto& target)
                         {
                             return target.param.name;
                         });

TEST(CorpusFolderTest, eachTargetHasOneAndNoOtherIsThere)
{
    std::set<std::string> targetNames;
    for (const auto& target : targets())
    {
        targetNames.insert(target.name);
    }
    EXPECT_EQ(namesIn(Corpus), targetNames);
}

TEST(FuzzTargetTest, whatDoesNotHoldIsReportedWithTheText)
{
    try
    {
        require(false, "one is two", "1 = 2");
        FAIL() << "nothing was thrown";
    }
    catch (const Violation& violation)
    {
        EXPECT_STREQ(violation.what(), "must hold: one is two; text: '1 = 2'");
    }
}

} // namespace weft::fuzz
