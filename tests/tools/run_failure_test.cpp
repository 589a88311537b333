#include "session_files.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

/// A source that fails is reported with its cause, the others go on, and the exit code is 1.

namespace weft::test
{

namespace
{

/// Runs one source beside a file source that has nothing wrong with it, and returns the failure.
std::string failureOf(const std::string& source)
{
    const RunDirectory directory(
        "sources:\n- {name: good, type: file, path: data}\n- {name: bad, " + source + "}\n");
    directory.write("data", "bytes");
    const auto account = directory.run();
    EXPECT_EQ(account.program.exitCode, 1);
    EXPECT_EQ(account.source("good")["state"], "ended");
    EXPECT_EQ(account.source("good")["bytes"], 5);
    EXPECT_EQ(account.source("bad")["state"], "failed");
    EXPECT_EQ(account.json["end"], "incomplete");
    EXPECT_TRUE(account.program.output.starts_with("incomplete: 1 of 2 sources failed, all "))
        << account.program.output;
    std::string error = account.source("bad")["error"];
    const auto line = fmt::format("failed   bad: {}\n", error);
    EXPECT_NE(account.program.output.find(line), std::string::npos) << account.program.output;
    return error;
}

} // namespace

TEST(RunFailureTest, missingFile)
{
    EXPECT_EQ(failureOf("type: file, path: no/such"), "open 'no/such': No such file or directory");
}

TEST(RunFailureTest, directoryInPlaceOfAFile)
{
    EXPECT_EQ(failureOf("type: file, path: /"), "open '/': Is a directory");
}

TEST(RunFailureTest, refusedPort)
{
    const auto port = refusedAddress().port();
    EXPECT_EQ(failureOf(fmt::format("type: tcp, host: 127.0.0.1, port: {}", port)),
              fmt::format("connect to 127.0.0.1:{}: Connection refused", port));
}

TEST(RunFailureTest, unresolvableHost)
{
    const auto error = failureOf("type: tcp, host: no-such-host.invalid, port: 9, "
                                 "connect_timeout: 20s");
    EXPECT_TRUE(error.starts_with("connect to no-such-host.invalid:9: ")) << error;
}

TEST(RunFailureTest, peerResets)
{
    const LoopbackListener listener;
    const RunDirectory directory(
        fmt::format("sources: [{{name: feed, type: tcp, host: 127.0.0.1, port: {}}}]\n",
                    listener.address.port()));
    ChildProgram program(directory.arguments(), directory.options());
    {
        const auto connection = listener.acceptClient();
        const linger atOnce{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce));
    }
    const auto account = directory.account(program.wait());
    EXPECT_EQ(account.program.exitCode, 1);
    const std::string error = account.source("feed")["error"];
    EXPECT_TRUE(error.ends_with("Connection reset by peer")) << error;
}

TEST(RunFailureTest, refusedConnectionsAreRetriedAsOftenAsAsked)
{
    const RunDirectory directory(fmt::format(
        "sources: [{{name: feed, type: tcp, host: 127.0.0.1, port: {}, "
        "reconnect_attempts: 3, reconnect_pause_min: 1ms, reconnect_pause_max: 2ms}}]\n",
        refusedAddress().port()));
    const auto account = directory.run();
    EXPECT_EQ(account.program.exitCode, 1);
    EXPECT_EQ(account.source("feed")["retries"], 3);
}

TEST(RunFailureTest, onlyTwentyFailuresAreNamed)
{
    const RunDirectory directory("sources: [{name: feed, type: file, count: 25, path: no/such}]\n");
    const auto account = directory.run();
    EXPECT_EQ(account.program.exitCode, 1);
    EXPECT_EQ(account.json["totals"]["failed"], 25);
    EXPECT_EQ(account.json["end"], "failed");
    EXPECT_TRUE(account.program.output.starts_with("failed: no source has ended as it should, "));
    EXPECT_NE(account.program.output.find("... and 5 more\n"), std::string::npos)
        << account.program.output;
}

} // namespace weft::test
