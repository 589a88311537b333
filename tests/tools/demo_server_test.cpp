#include "demo_server.hpp"
#include "listening_line.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

/// What becomes of a demo whose server does not start. Other programs stand in for it.

namespace weft::tools
{

namespace
{

/// What the attempt to start `program` fails with.
std::string failureOf(const char* program)
{
    try
    {
        InterruptSignals signals;
        const DemoServer server({"--port", "0"}, signals, program);
        return "none: it listens";
    }
    catch (const std::runtime_error& error)
    {
        return error.what();
    }
}

} // namespace

/// Its end has been noticed before the clean-up, which must then signal nobody: for kill(2), the
/// number that stands for "no process" is every process.
TEST(DemoServerTest, serverThatEndsAtOnceIsReported)
{
    EXPECT_EQ(failureOf("/bin/false"), "weft serve ended with exit code 1 before it listened");
}

TEST(DemoServerTest, programThatCannotBeRunIsReported)
{
    EXPECT_EQ(failureOf("/none"), "weft serve ended with exit code 127 before it listened");
}

TEST(ListeningLineTest, portIsTheNumberAtTheEnd)
{
    EXPECT_EQ(parseListeningPort("listening on 127.0.0.1:45863"), 45863);
    EXPECT_EQ(parseListeningPort("listening on [::1]:9000"), 9000);
}

/// It used to be cut to 16 bits, or taken for zero.
TEST(ListeningLineTest, whatIsNoPortIsReported)
{
    for (const auto* const line : {"listening on 127.0.0.1:", "listening on 127.0.0.1:70000",
                                   "listening on 127.0.0.1:0", "listening on 127.0.0.1:-1"})
    {
        EXPECT_THROW(parseListeningPort(line), std::runtime_error) << line;
    }
}

TEST(DemoServerTest, serverThatSaysSomethingElseIsReported)
{
    EXPECT_EQ(failureOf("/bin/echo"),
              "weft serve said 'serve --port 0' instead of where it listens");
}

} // namespace weft::tools
