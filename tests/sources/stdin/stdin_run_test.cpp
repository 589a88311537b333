/// \file
/// `weft run` with a source of type stdin: the real program, fed by a pipe.

#include "tests/support/sockets.hpp"
#include "tests/tools/session_files.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <ostream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

using namespace weft;
using namespace weft::test;

namespace
{

struct RunCase
{
    std::string engine;
    std::string execution;
};

void PrintTo(const RunCase& run, std::ostream* stream)
{
    *stream << run.engine << '_' << run.execution;
}

class StdinRunTest : public testing::TestWithParam<RunCase>
{
protected:
    ProgramOptions options() const
    {
        auto options = directory.options();
        options.input = pipe.first.get();
        return options;
    }

    void write(std::string_view text) const
    {
        checkedCall(static_cast<int>(::write(pipe.second.get(), text.data(), text.size())),
                    "write");
    }

    DescriptorPair pipe = makePipe();
    RunDirectory directory{"runtime: {reactors: 1, engine: " + GetParam().engine +
                           "}\nsink: {type: files, directory: out}\n"
                           "sources: [{name: in, type: stdin, flush_interval: 1ms, execution: " +
                           GetParam().execution + "}]\n"};
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Ways, StdinRunTest,
                         testing::Values(RunCase{"io_uring", "fiber"}, RunCase{"epoll", "fiber"},
                                         RunCase{"auto", "thread"}),
                         testing::PrintToStringParamName());

TEST_P(StdinRunTest, whatIsPipedIntoItIsDelivered)
{
    write("one\ntwo\n");
    pipe.second.reset();
    const auto account = directory.account(runProgram(directory.arguments(), options()));
    EXPECT_EQ(account.program.exitCode, 0) << account.program.errors;
    EXPECT_EQ(account.json["end"], "complete");
    EXPECT_EQ(account.source("in")["endpoint"], "standard input: pipe");
    EXPECT_EQ(readText(directory.path() / "out/in"), "one\ntwo\n");
}

TEST_P(StdinRunTest, ctrlCEndsItWhileItsWriterIsSilent)
{
    ChildProgram program(directory.arguments(), options());
    write("some");
    while (readText(directory.path() / "out/in") != "some")
    {
        ::usleep(1000);
    }
    program.signal(SIGINT);
    const auto account = directory.account(program.wait());
    EXPECT_EQ(account.program.exitCode, 0) << account.program.errors;
    EXPECT_EQ(account.json["end"], "interrupted");
    EXPECT_EQ(account.source("in")["state"], "stopped");
    // The pipe is as it was, for whoever has it too.
    EXPECT_EQ(checkedCall(::fcntl(pipe.first.get(), F_GETFL), "fcntl") & O_NONBLOCK, 0);
}

TEST(StdinRun, secondSourceFailsAlone)
{
    auto pipe = makePipe();
    const RunDirectory directory("sources:\n"
                                 "- {name: in, type: stdin, count: 2}\n");
    auto options = directory.options();
    options.input = pipe.first.get();
    ChildProgram program(directory.arguments(), options);
    program.awaitError("1 failed");
    pipe.second.reset();
    const auto result = program.wait();
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_NE(result.output.find("open standard input, which another source reads"),
              std::string::npos)
        << result.output;
}
