#include "session_files.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>

/// The end of a terminal is a reason to drain, unless nohup says that it is none.

namespace weft::test
{

TEST(HangUpTest, oneThatWasIgnoredAtTheStartStaysIgnored)
{
    const LoopbackListener listener;
    const RunDirectory directory(
        fmt::format("sources: [{{name: feed, type: tcp, host: 127.0.0.1, port: {}}}]\n",
                    listener.address.port()));
    auto options = directory.options();
    options.ignoresHangUp = true;
    ChildProgram program(directory.arguments(), options);
    const auto connection = listener.acceptClient();
    program.awaitError("1 of 1 open");
    program.signal(SIGHUP);
    program.awaitError("2 s: ");
    program.signal(SIGINT);
    const auto account = directory.account(program.wait());
    EXPECT_EQ(account.program.exitCode, 0);
    const auto& errors = account.program.errors;
    EXPECT_LT(errors.find("2 s: "), errors.find("interrupted")) << errors;
}

TEST(HangUpTest, serveEndsItsConnectionsAndSaysWhatItHasSent)
{
    const RunDirectory directory("");
    directory.write("data", "a line\n");
    ChildProgram program({"serve", "data", "--port", "0", "--repeat", "forever"},
                         directory.options());
    program.awaitOutput("listening on");
    program.signal(SIGHUP);
    const auto result = program.wait();
    EXPECT_EQ(result.exitCode, 0);
    EXPECT_NE(result.output.find("served 0 connections"), std::string::npos) << result.output;
}

} // namespace weft::test
