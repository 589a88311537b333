#include "child_program.hpp"
#include "frozen_thread.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/socket.h>

/// `weft demo`, the real program with its real server.

namespace weft::test
{

namespace
{

class DemoTest : public testing::Test
{
protected:
    DemoTest()
    {
        ::setenv("TMPDIR", temporary.path().c_str(), 1);
    }

    ~DemoTest() override
    {
        ::unsetenv("TMPDIR");
    }

    bool nothingIsLeft() const
    {
        return std::filesystem::is_empty(temporary.path());
    }

    TemporaryDirectory temporary;
    TemporaryDirectory kept;
};

/// The number after `label` in what a demo says first.
int numberAfter(const std::string& text, std::string_view label)
{
    return std::stoi(text.substr(text.find(label) + label.size()));
}

/// A demo that has just begun, with more to do than any test waits for.
class LongDemo
{
public:
    LongDemo() : program({"demo", "--sources", "20", "--files", "2", "--repeat", "1000000"})
    {
        const auto& text = program.awaitOutput("files\n");
        server = numberAfter(text, "is process ");
        port = static_cast<std::uint16_t>(numberAfter(text, "on port "));
        program.awaitError("open"); // the first line of its status
    }

    bool serverListens() const
    {
        const auto address = *SocketAddress::parse("127.0.0.1", port);
        const auto socket = tcpSocket();
        return ::connect(socket.get(), address.data(), address.size()) == 0;
    }

    ChildProgram program;
    pid_t server = 0;
    std::uint16_t port = 0;
};

} // namespace

TEST_F(DemoTest, everyByteOfEverySourceIsAccountedFor)
{
    const auto json = (kept.path() / "account.json").string();
    const auto result = runProgram({"demo", "--sources", "50", "--files", "4", "--repeat", "3",
                                    "--workers", "2", "--json", json});
    EXPECT_EQ(result.exitCode, 0) << result.output << result.errors;
    EXPECT_NE(result.output.find("matched  54 of 54 sources"), std::string::npos) << result.output;
    EXPECT_NE(result.output.find("every byte accounted for: 54 sources, "), std::string::npos);
    EXPECT_TRUE(nothingIsLeft());

    const auto account = nlohmann::json::parse(std::ifstream(json));
    EXPECT_EQ(account["demo"]["exact"], true);
    EXPECT_EQ(account["demo"]["mismatches"], nlohmann::json::array());
    EXPECT_EQ(account["demo"]["bytes_sent"], account["totals"]["bytes"]);
    EXPECT_GT(account["demo"]["bytes_sent"], 50 * 3 * 218'985);
    EXPECT_EQ(account["sources"].size(), 54U);
}

TEST_F(DemoTest, dataOfOneByteIsEnough)
{
    const auto data = kept.write("data", "x").string();
    const auto result =
        runProgram({"demo", "--sources", "3", "--files", "1", "--repeat", "1", "--data", data});
    EXPECT_EQ(result.exitCode, 0) << result.output << result.errors;
    EXPECT_NE(result.output.find("4 sources, 4 B sent, 4 B received"), std::string::npos)
        << result.output;
}

/// The arguments of the process that reads them: the server's are not those of the demo, so it
/// sends something else than the demo takes for granted.
TEST_F(DemoTest, serverThatSendsSomethingElseIsFoundOut)
{
    const auto result = runProgram({"demo", "--sources", "3", "--files", "0", "--repeat", "1",
                                    "--data", "/proc/self/cmdline"});
    EXPECT_EQ(result.exitCode, 1) << result.output << result.errors;
    EXPECT_NE(result.output.find("matched  0 of 3 sources"), std::string::npos) << result.output;
    EXPECT_NE(result.output.find("the account does NOT add up"), std::string::npos);
}

TEST_F(DemoTest, tooFewDescriptorsAreToldBeforeAnythingStarts)
{
    ProgramOptions options;
    options.descriptorLimit = 500;
    const auto result = runProgram({"demo", "--sources", "1000"}, options);
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_NE(result.errors.find("this process may have 500"), std::string::npos) << result.errors;
    EXPECT_EQ(result.output, "");
    EXPECT_TRUE(nothingIsLeft());
}

TEST_F(DemoTest, serverThatDiesIsReported)
{
    LongDemo demo;
    checkedCall(::kill(demo.server, SIGKILL), "kill");
    const auto result = demo.program.wait();
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_NE(result.errors.find("weft serve was ended by signal 9 (Killed)"), std::string::npos)
        << result.errors;
    EXPECT_TRUE(nothingIsLeft());
}

TEST_F(DemoTest, interruptEndsBothProcesses)
{
    LongDemo demo;
    demo.program.signal(SIGINT);
    const auto result = demo.program.wait();
    EXPECT_EQ(result.exitCode, 130) << result.errors;
    EXPECT_NE(result.output.find("so nothing is compared"), std::string::npos) << result.output;
    EXPECT_FALSE(demo.serverListens());
    EXPECT_TRUE(nothingIsLeft());
}

TEST_F(DemoTest, hangUpEndsBothProcesses)
{
    LongDemo demo;
    demo.program.signal(SIGHUP);
    EXPECT_EQ(demo.program.wait().exitCode, 130);
    EXPECT_FALSE(demo.serverListens());
    EXPECT_TRUE(nothingIsLeft());
}

/// It took up to thirty seconds to give a frozen server up.
TEST_F(DemoTest, interruptDoesNotWaitLongForAServerThatIsFrozen)
{
    LongDemo demo;
    checkedCall(::kill(demo.server, SIGSTOP), "kill");
    const auto start = std::chrono::steady_clock::now();
    demo.program.signal(SIGINT);
    const auto result = demo.program.wait();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
    EXPECT_EQ(result.exitCode, 130) << result.errors;
    EXPECT_FALSE(demo.serverListens());
    EXPECT_TRUE(nothingIsLeft());
}

/// The first one drains, which needs the worker; the second waits for nobody.
TEST_F(DemoTest, secondInterruptEndsAtOnce)
{
    LongDemo demo;
    FrozenThread worker(demo.program.processId(), "weft-worker-0");
    demo.program.signal(SIGINT);
    demo.program.awaitError("draining");
    demo.program.signal(SIGINT);
    demo.program.awaitError("gave up: ");
    worker.thaw();
    EXPECT_EQ(demo.program.wait().exitCode, 130);
    EXPECT_FALSE(demo.serverListens());
    EXPECT_TRUE(nothingIsLeft());
}

TEST_F(DemoTest, secondInterruptDoesNotWaitForAServerThatIsFrozen)
{
    LongDemo demo;
    checkedCall(::kill(demo.server, SIGSTOP), "kill");
    demo.program.signal(SIGINT);
    demo.program.awaitOutput("so nothing is compared"); // and now it waits for the server
    const auto start = std::chrono::steady_clock::now();
    demo.program.signal(SIGINT);
    EXPECT_EQ(demo.program.wait().exitCode, 130);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1500));
    EXPECT_TRUE(nothingIsLeft());
}

TEST_F(DemoTest, serverDoesNotOutliveADemoThatIsKilled)
{
    LongDemo demo;
    demo.program.signal(SIGKILL);
    demo.program.wait();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    bool listens = true;
    while (listens && std::chrono::steady_clock::now() < deadline)
    {
        // Whoever adopts the process is told of its end, and not we.
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        listens = demo.serverListens();
    }
    EXPECT_FALSE(listens);
}

TEST_F(DemoTest, wrongUsageNamesTheOptionItsValueAndWhatIsAllowed)
{
    struct Wrong
    {
        std::string option;
        std::string value;
        std::string message;
    };

    const std::vector<Wrong> cases{
        {"--sources", "0", "option --sources is 0; allowed: 1 to 28000"},
        {"--sources", "many", "option --sources is many; allowed: 1 to 28000"},
        {"--files", "-1", "option --files is -1; allowed: 0 to 10000"},
        {"--repeat", "0", "option --repeat is 0; allowed: auto, or 1 to"},
        {"--reactors", "0", "option --reactors is 0; allowed: auto, or 1 to"},
        {"--workers", "0", "option --workers is 0; allowed: 1 to"},
        {"--data", "/none", "option --data is '/none', which cannot be opened: No such file"},
        {"--data", "/dev/null", "option --data is '/dev/null', which is empty; allowed: "},
        {"--json", "/none/x", "'/none/x'"},
    };
    for (const auto& wrong : cases)
    {
        const auto result = runProgram({"demo", wrong.option, wrong.value});
        EXPECT_EQ(result.exitCode, 2) << wrong.message;
        EXPECT_NE(result.errors.find(wrong.message), std::string::npos) << result.errors;
        EXPECT_EQ(result.output, "");
    }
    EXPECT_TRUE(nothingIsLeft());
}

} // namespace weft::test
