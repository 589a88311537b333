#include "mesh.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace weft::test
{

namespace
{

constexpr auto TwoPeers = "127.0.0.1:7000,127.0.0.1:7001";

void expectUsageError(const std::vector<std::string>& arguments, std::string_view message)
{
    const auto result = runProgram(arguments);
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_TRUE(result.errors.contains(message)) << result.errors;
}

void expectRefusedOption(const std::string& option, const std::string& value,
                         std::string_view message)
{
    expectUsageError({"--id", "0", "--peers", TwoPeers, option, value}, message);
}

} // namespace

TEST(MeshCommandLineTest, helpTeachesWithExamples)
{
    const auto result = runProgram({"--help"});
    EXPECT_EQ(result.exitCode, 0);
    EXPECT_TRUE(result.output.contains("Examples:\n  P=")) << result.output;
    EXPECT_TRUE(result.output.contains("Exit code: 0")) << result.output;
}

TEST(MeshCommandLineTest, whatIsMissingIsNamed)
{
    expectUsageError({}, "--id is required");
    expectUsageError({"--id", "0"}, "--peers is required");
    expectUsageError({"--id", "0", "--peers", TwoPeers, "--fast"}, "--fast");
}

TEST(MeshCommandLineTest, aWrongIdIsToldItsBounds)
{
    expectUsageError({"--id", "2", "--peers", TwoPeers},
                     "option --id is 2; allowed: 0 to 1, the place of this node among the 2");
    expectUsageError({"--id", "first", "--peers", TwoPeers}, "option --id is first; allowed: ");
}

TEST(MeshCommandLineTest, wrongPeersAreToldTheirForm)
{
    for (const auto* const peers : {"", "127.0.0.1:7000", "127.0.0.1,127.0.0.2", "a:1,b:0",
                                    "a:1,b:65536", "a:1,,b:2", ":1,:2"})
    {
        expectUsageError({"--id", "0", "--peers", peers},
                         "--peers is '" + std::string(peers) +
                             "'; allowed: 2 to 64 of HOST:PORT, separated by commas");
    }
}

TEST(MeshCommandLineTest, addressThatIsThereTwiceIsNamed)
{
    expectUsageError({"--id", "0", "--peers", "127.0.0.1:7000,127.0.0.1:7001,127.0.0.1:7000"},
                     "which has 127.0.0.1:7000 twice");
}

TEST(MeshCommandLineTest, eachWrongValueIsNamedWithWhatIsAllowed)
{
    expectRefusedOption("--rate", "-1", "option --rate is -1; allowed: 0 to 1000000 messages");
    expectRefusedOption("--message-size", "65KiB", "is '65KiB'; allowed: a size up to 64KiB");
    expectRefusedOption("--outbox", "0", "option --outbox is 0; allowed: 1 to 1048576");
    expectRefusedOption("--heartbeat", "1", "option --heartbeat is '1'; allowed: ");
    expectRefusedOption("--silence", "300ms", "is '300ms'; allowed: 500ms to 1000h");
    expectRefusedOption("--handshake", "0", "option --handshake is '0'; allowed: ");
    expectRefusedOption("--duration", "soon", "option --duration is 'soon'; allowed: ");
    expectRefusedOption("--report", "2000h", "option --report is '2000h'; allowed: ");
    expectRefusedOption("--engine", "kqueue", "option --engine is kqueue; allowed: ");
}

TEST(MeshCommandLineTest, anAddressThatCannotBeHadIsNamed)
{
    Mesh mesh(2);
    mesh.start(0);
    mesh.node(0).awaitReport(
        [](const Report&)
        {
            return true;
        });
    const auto taken = mesh.address(0).toString();
    expectUsageError({"--id", "0", "--peers", taken + ",127.0.0.1:7001"},
                     "'" + taken + "' for node 0, which is this one (Address already in use)");
}

TEST(MeshCommandLineTest, itEndsWellByASignalOrByItself)
{
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    {
        Mesh mesh(2);
        mesh.start();
        mesh.awaitExchange();
        mesh.node(0).signal(signal);
        EXPECT_EQ(mesh.node(0).wait().program.exitCode, 0);
        EXPECT_EQ(mesh.node(1).interrupt().program.exitCode, 0);
    }
    Mesh mesh(2, {"--duration", "100ms"});
    mesh.start();
    EXPECT_EQ(mesh.node(0).wait().program.exitCode, 0);
    EXPECT_EQ(mesh.node(1).wait().program.exitCode, 0);
}

TEST(MeshCommandLineTest, reportsForPeopleHaveALineForEachPeer)
{
    const ReservedPort first;
    const ReservedPort second;
    const auto result = runProgram({"--id", "0", "--peers",
                                    first.address().toString() + "," + second.address().toString(),
                                    "--duration", "300ms", "--report", "100ms"});
    EXPECT_EQ(result.exitCode, 0);
    EXPECT_TRUE(result.output.contains("node 0 of 2 listens at " + first.address().toString()));
    EXPECT_TRUE(result.output.contains("  peer 1 down  sent 0, dropped ")) << result.output;
    EXPECT_TRUE(result.output.contains("(connect: Connection refused)")) << result.output;
    EXPECT_TRUE(result.output.contains("\nended:\n")) << result.output;
}

} // namespace weft::test
