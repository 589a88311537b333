#include "session_files.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>

/// What `weft run` shows while it runs.

namespace weft::test
{

namespace
{

class SilentSource
{
public:
    SilentSource()
        : directory(fmt::format("sources: [{{name: feed, type: tcp, host: 127.0.0.1, port: {}}}]\n",
                                listener.address.port()))
    {
    }

    LoopbackListener listener;
    RunDirectory directory;
};

} // namespace

TEST(StatusTest, withoutATerminalItIsALineEachSecond)
{
    const SilentSource source;
    ChildProgram program({"run", "config.yaml"}, source.directory.options());
    const auto connection = source.listener.acceptClient();
    program.awaitError(" s: 0 B/s, 0 buffers/s; total 0 B; 1 of 1 open; busy ");
    program.signal(SIGINT);
    const auto result = program.wait();
    EXPECT_EQ(result.errors.find('\x1b'), std::string::npos) << result.errors;
}

TEST(StatusTest, onATerminalItIsDrawnAgainInPlace)
{
    const SilentSource source;
    auto options = source.directory.options();
    options.errorsToTerminal = true;
    ChildProgram program({"run", "config.yaml"}, options);
    const auto connection = source.listener.acceptClient();
    program.awaitError("sources  1 of 1 open");
    program.awaitError("\x1b[1A"); // back up to draw again
    program.signal(SIGINT);
    const auto result = program.wait();
    EXPECT_EQ(result.exitCode, 0);
    for (const auto* const label : {"rate ", "total ", "reactors ", "buffers ", "errors "})
    {
        EXPECT_NE(result.errors.find(label), std::string::npos) << label;
    }
}

TEST(StatusTest, quietShowsTheSummaryAlone)
{
    const SilentSource source;
    ChildProgram program({"run", "config.yaml", "--quiet", "--duration", "1100ms"},
                         source.directory.options());
    const auto connection = source.listener.acceptClient();
    const auto result = program.wait();
    EXPECT_EQ(result.errors, "");
    EXPECT_NE(result.output.find("duration over"), std::string::npos) << result.output;
}

} // namespace weft::test
