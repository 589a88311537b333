/// \file
/// docs/recovery.md against what the runners do: each error that a table there names, thrown by a
/// source, leads to the outcome in its row; and every other errno is a failure.

#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/sources/source_error.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/scripted_source.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <vector>

#include <netdb.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

const std::map<std::string, int> ResolverCodes{
    {"EAI_AGAIN", EAI_AGAIN},           {"EAI_MEMORY", EAI_MEMORY},
    {"EAI_NONAME", EAI_NONAME},         {"EAI_NODATA", EAI_NODATA},
    {"EAI_ADDRFAMILY", EAI_ADDRFAMILY}, {"EAI_FAIL", EAI_FAIL},
    {"EAI_SERVICE", EAI_SERVICE},       {"EAI_FAMILY", EAI_FAMILY},
    {"EAI_SOCKTYPE", EAI_SOCKTYPE},     {"EAI_BADFLAGS", EAI_BADFLAGS},
};

constexpr int ErrnoMax = 133; // EHWPOISON

/// "ECONNRESET" and the like.
std::map<std::string, int> errnoCodes()
{
    std::map<std::string, int> codes;
    for (int value = 1; value <= ErrnoMax; ++value)
    {
        if (const char* const name = ::strerrorname_np(value))
        {
            codes.emplace(name, value);
        }
    }
    return codes;
}

/// The error that a name in the document stands for; none for what is not the name of one.
std::error_code errorNamed(const std::string& name)
{
    static const auto errnos = errnoCodes();
    if (const auto found = errnos.find(name); found != errnos.end())
    {
        return errnoError(found->second);
    }
    if (const auto found = ResolverCodes.find(name); found != ResolverCodes.end())
    {
        return {found->second, resolverCategory()};
    }
    if (name == "IoError::DeadlineExpired")
    {
        return IoError::DeadlineExpired;
    }
    return {};
}

struct Row
{
    std::vector<std::string> names; // in its first cell
    bool retried = false;           // else a failure
};

std::vector<std::string> cellsOf(const std::string& line)
{
    std::vector<std::string> cells;
    std::istringstream text(line.substr(1));
    for (std::string cell; std::getline(text, cell, '|');)
    {
        const auto first = cell.find_first_not_of(' ');
        const auto last = cell.find_last_not_of(' ');
        cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
    }
    return cells;
}

std::vector<std::string> codeWordsOf(const std::string& cell)
{
    static const std::regex codeWord("`([^`]+)`");
    std::vector<std::string> words;
    for (std::sregex_iterator match(cell.begin(), cell.end(), codeWord), end; match != end; ++match)
    {
        words.push_back((*match)[1]);
    }
    return words;
}

/// The rows whose outcome is that a source is retried, or fails, with errors that it throws.
std::vector<Row> readTable()
{
    std::ifstream document(WEFT_RECOVERY_TABLE);
    std::vector<Row> rows;
    std::size_t outcomeColumn = 0; // zero: not in a table of errors
    for (std::string line; std::getline(document, line);)
    {
        if (!line.starts_with("|"))
        {
            outcomeColumn = 0;
            continue;
        }
        const auto cells = cellsOf(line);
        if (cells.front() == "error")
        {
            const auto outcome = std::ranges::find(cells, "outcome");
            outcomeColumn = static_cast<std::size_t>(outcome - cells.begin());
        }
        if (outcomeColumn == 0)
        {
            continue;
        }
        const auto& outcome = cells.at(outcomeColumn);
        const bool retried = outcome.starts_with("retried");
        // A refusal by a pool happens before there is a source that could throw it.
        const bool thrown = cells.front().find("generic category") == std::string::npos;
        if (thrown && (retried || outcome.starts_with("failure")))
        {
            rows.push_back({.names = codeWordsOf(cells.front()), .retried = retried});
        }
    }
    return rows;
}

std::set<std::string> namesThatAre(bool retried)
{
    std::set<std::string> names;
    for (const auto& row : readTable())
    {
        if (row.retried == retried)
        {
            names.insert(row.names.begin(), row.names.end());
        }
    }
    return names;
}

class RecoveryTableTest : public testing::TestWithParam<RunnerKind>
{
protected:
    /// Runs a source whose first open, or first fill, throws the error.
    void expectOutcome(std::error_code error, bool retried)
    {
        for (const bool inOpen : {true, false})
        {
            SourceScript script;
            const auto throwOnce = [&](bool here)
            {
                if (here && script.opens == 1)
                {
                    throw SourceError(error, "try");
                }
            };
            script.open = [&]
            {
                throwOnce(inOpen);
            };
            script.fillBuffer = [&](Fill& fill)
            {
                put(fill, "x");
                throwOnce(!inOpen);
                return FillStatus::EndOfStream;
            };
            EventLog log;
            auto runner =
                makeRunner(GetParam(), runtime, script,
                           {.name = "scripted",
                            .reconnect = {.attemptsMax = 1, .pauseLeast = 1us, .pauseMost = 1us}});
            ASSERT_TRUE(runner->start(log.emit()));
            log.waitForLast();
            EXPECT_EQ(log.ended(), retried);
            EXPECT_EQ(script.opens, retried ? 2 : 1);
            const std::string_view before = inOpen ? "" : "x";
            EXPECT_EQ(log.received(), std::string(before) + (retried ? "x" : ""));
            if (!retried)
            {
                ASSERT_TRUE(log.failure());
                EXPECT_EQ(log.failure()->code, error);
                EXPECT_EQ(log.failure()->message, "try: " + error.message());
            }
        }
    }

    Runtime runtime{onTestEngine(
        {.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8, .bufferSizeBytes = 64})};
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(RecoveryTableTest);

TEST_P(RecoveryTableTest, everyErrorInTheDocumentHasTheOutcomeOfItsRow)
{
    std::size_t errors = 0;
    for (const auto& row : readTable())
    {
        for (const auto& name : row.names)
        {
            SCOPED_TRACE(name);
            const auto error = errorNamed(name);
            ASSERT_TRUE(error) << "the document names an error that there is not";
            expectOutcome(error, row.retried);
            ++errors;
        }
    }
    EXPECT_GE(errors, 40U) << "the tables were found";
}

TEST(RecoveryTable, errnosThatTheDocumentDoesNotNameAreFailures)
{
    const auto retried = namesThatAre(true);
    EXPECT_EQ(retried.count("ECONNREFUSED"), 1U);
    for (const auto& [name, value] : errnoCodes())
    {
        const bool transient = retried.contains(name);
        EXPECT_EQ(isTransient(errnoError(value)), transient) << name;
        EXPECT_EQ(isTransient(std::error_code(value, std::generic_category())), transient) << name;
    }
    for (const auto& [name, value] : ResolverCodes)
    {
        EXPECT_EQ(isTransient(std::error_code(value, resolverCategory())), retried.contains(name))
            << name;
    }
}

TEST(RecoveryTable, noErrorHasTwoOutcomes)
{
    const auto retried = namesThatAre(true);
    for (const auto& name : namesThatAre(false))
    {
        EXPECT_FALSE(retried.contains(name)) << name;
    }
}
