#include "child_program.hpp"
#include "serve_report.hpp"
#include "stream_checksum.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/// `weft serve`, the real program: what comes over its connections, and how it ends.

namespace weft::test
{

namespace
{

using tools::ServedEnd;

std::string manyLines()
{
    std::string text;
    for (int line = 0; line < 5000; ++line)
    {
        text += fmt::format("line {}\n", line);
    }
    return text;
}

/// The text from one of its lines on, and then what is before that.
std::string fromLine(const std::string& text, std::size_t line)
{
    std::size_t begin = 0;
    for (; line > 0; --line)
    {
        begin = text.find('\n', begin) + 1;
    }
    return text.substr(begin) + text.substr(0, begin);
}

/// A server, and what it replays.
class Served
{
public:
    explicit Served(std::vector<std::string> options, std::string replayed = manyLines())
        : text(std::move(replayed)),
          program(arguments(std::move(options)))
    {
        const auto& line = program.awaitOutput("\n");
        EXPECT_EQ(line.rfind("listening on 127.0.0.1:", 0), 0U) << line;
        address = *SocketAddress::parse(
            "127.0.0.1", static_cast<std::uint16_t>(std::stoi(line.substr(line.find(':') + 1))));
    }

    OwnedDescriptor connect() const
    {
        auto socket = tcpSocket();
        checkedCall(::connect(socket.get(), address.data(), address.size()), "connect");
        return socket;
    }

    /// What one connection is sent until its end.
    std::string receiveAll() const
    {
        return receive(connect(), std::string::npos);
    }

    /// What comes until there are `bytesMax`, or the connection ends.
    static std::string receive(const OwnedDescriptor& socket, std::size_t bytesMax)
    {
        std::string received;
        std::array<char, 65536> chunk{};
        while (received.size() < bytesMax)
        {
            const auto size = ::recv(socket.get(), chunk.data(),
                                     std::min(chunk.size(), bytesMax - received.size()), 0);
            if (checkedCall(static_cast<int>(size), "recv") == 0)
            {
                break;
            }
            received.append(chunk.data(), static_cast<std::size_t>(size));
        }
        return received;
    }

    tools::ServeReport report() const
    {
        return tools::readServeReport(reportPath());
    }

    std::string reportPath() const
    {
        return directory.path() / "report.json";
    }

    TemporaryDirectory directory;
    std::string text;
    ChildProgram program;
    SocketAddress address;

private:
    std::vector<std::string> arguments(std::vector<std::string> options) const
    {
        const std::vector<std::string> all{
            "serve", directory.write("data", text), "--port", "0", "--report", reportPath()};
        options.insert(options.begin(), all.begin(), all.end());
        return options;
    }
};

/// Closes with a reset: what is unsent and unread is thrown away.
void reset(OwnedDescriptor socket)
{
    const linger abort{.l_onoff = 1, .l_linger = 0};
    checkedCall(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort)), "linger");
}

std::string nameOf(const OwnedDescriptor& socket)
{
    SocketAddress name;
    auto size = SocketAddress::capacity();
    checkedCall(::getsockname(socket.get(), name.data(), &size), "getsockname");
    name.setSize(size);
    return name.toString();
}

std::uint64_t checksumOf(const std::string& text)
{
    tools::StreamChecksum checksum;
    checksum.update(bytesOf(text));
    return checksum.value();
}

} // namespace

TEST(ServeTest, eachConnectionIsSentTheFileAsOftenAsAsked)
{
    Served served({"--connections", "2", "--repeat", "3"});
    const auto thrice = served.text + served.text + served.text;
    EXPECT_EQ(served.receiveAll(), thrice);
    EXPECT_EQ(served.receiveAll(), thrice);
    const auto result = served.program.wait();
    EXPECT_EQ(result.exitCode, 0) << result.errors;
    EXPECT_NE(result.output.find("2 finished, 0 reset"), std::string::npos) << result.output;
}

TEST(ServeTest, staggeredConnectionsBeginAtOtherLinesAndWrapAround)
{
    Served served({"--connections", "60", "--repeat", "2", "--stagger", "--reactors", "2"});
    for (std::size_t connection = 0; connection < 60; ++connection)
    {
        const auto round = fromLine(served.text, connection * 97 % 5000);
        ASSERT_EQ(served.receiveAll(), round + round) << connection;
    }
    EXPECT_EQ(served.program.wait().exitCode, 0);
}

TEST(ServeTest, chunksMakeTheSameBytes)
{
    Served served({"--connections", "1", "--chunk", "1000B"});
    EXPECT_EQ(served.receiveAll(), served.text);
    EXPECT_EQ(served.program.wait().exitCode, 0);
}

TEST(ServeTest, emptyFileEndsConnectionsAtOnce)
{
    Served served({"--connections", "1", "--repeat", "forever", "--stagger"}, "");
    EXPECT_EQ(served.receiveAll(), "");
    EXPECT_EQ(served.program.wait().exitCode, 0);
}

TEST(ServeTest, standardInputIsReadFirst)
{
    auto pipe = makePipe();
    const OwnedDescriptor ours(checkedCall(::dup(STDIN_FILENO), "dup"));
    checkedCall(::dup2(pipe.first.get(), STDIN_FILENO), "dup2");
    ChildProgram program({"serve", "-", "--port", "0", "--connections", "1"});
    checkedCall(::dup2(ours.get(), STDIN_FILENO), "dup2");
    checkedCall(static_cast<int>(::write(pipe.second.get(), "from\na pipe", 11)), "write");
    pipe.second.reset();

    const auto line = program.awaitOutput("\n");
    auto socket = tcpSocket();
    const auto address = *SocketAddress::parse(
        "127.0.0.1", static_cast<std::uint16_t>(std::stoi(line.substr(line.find(':') + 1))));
    checkedCall(::connect(socket.get(), address.data(), address.size()), "connect");
    EXPECT_EQ(Served::receive(socket, std::string::npos), "from\na pipe");
    socket.reset();
    EXPECT_EQ(program.wait().exitCode, 0);
}

/// A line that comes early breaks the rate; one that comes late only shows a busy machine.
TEST(ServeTest, linesAreNeverEarly)
{
    const Served served({"--rate", "500/s"}, std::string(2000, '\n'));
    const auto socket = served.connect();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Served::receive(socket, 200).size(), 200U);
    // The first is due when the server sees the connection, so it may be before `start`.
    const auto least = std::chrono::milliseconds(199 * 2 - 50);
    EXPECT_GE(std::chrono::steady_clock::now() - start, least);
}

TEST(ServeTest, bytesAreNeverEarly)
{
    const Served served({"--rate", "100kB/s"}, std::string(50'000, 'x'));
    const auto socket = served.connect();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Served::receive(socket, 40'000).size(), 40'000U);
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(350));
}

TEST(ServeTest, reportHasWhatEachConnectionReceived)
{
    Served served({"--connections", "3", "--stagger"});
    std::map<std::string, std::string> received;
    for (int connection = 0; connection < 3; ++connection)
    {
        const auto socket = served.connect();
        received[nameOf(socket)] = Served::receive(socket, std::string::npos);
    }
    EXPECT_EQ(served.program.wait().exitCode, 0);
    const auto report = served.report();
    EXPECT_EQ(report.listening, served.address.toString());
    ASSERT_EQ(report.connections.size(), 3U);
    for (const auto& connection : report.connections)
    {
        ASSERT_TRUE(received.contains(connection.peer)) << connection.peer;
        EXPECT_EQ(connection.local, served.address.toString());
        EXPECT_EQ(connection.bytes, received[connection.peer].size());
        EXPECT_EQ(connection.checksum, checksumOf(received[connection.peer]));
        EXPECT_EQ(connection.end, ServedEnd::Finished);
        EXPECT_EQ(connection.error, "");
    }
}

TEST(ServeTest, peerThatResetsIsReportedAndTheOthersGoOn)
{
    Served served({"--connections", "2", "--rate", "10kB/s"});
    auto first = served.connect();
    const auto second = served.connect();
    const auto firstName = nameOf(first);
    EXPECT_EQ(Served::receive(first, 100).size(), 100U);
    reset(std::move(first));
    EXPECT_EQ(Served::receive(second, 5000), served.text.substr(0, 5000));
    served.program.signal(SIGTERM);
    EXPECT_EQ(served.program.wait().exitCode, 0);
    for (const auto& connection : served.report().connections)
    {
        const bool wasReset = connection.peer == firstName;
        EXPECT_EQ(connection.end, wasReset ? ServedEnd::PeerReset : ServedEnd::Stopped);
        EXPECT_GE(connection.bytes, wasReset ? 100U : 5000U);
    }
}

/// The kernel takes everything long before the peer has; its reset must still be seen.
TEST(ServeTest, peerThatResetsAfterTheLastSendHasNotFinished)
{
    Served served({"--connections", "1"}, std::string(20'000, 'x'));
    auto socket = served.connect();
    EXPECT_EQ(Served::receive(socket, 100).size(), 100U);
    reset(std::move(socket));
    EXPECT_EQ(served.program.wait().exitCode, 0);
    ASSERT_EQ(served.report().connections.size(), 1U);
    EXPECT_EQ(served.report().connections.front().end, ServedEnd::PeerReset);
}

TEST(ServeTest, signalsEndConnectionsAndTheReportIsWritten)
{
    for (const int signal : {SIGINT, SIGTERM})
    {
        Served served({"--repeat", "forever"});
        const auto socket = served.connect();
        EXPECT_EQ(Served::receive(socket, 10).size(), 10U);
        served.program.signal(signal);
        const auto result = served.program.wait();
        EXPECT_EQ(result.exitCode, 0) << result.errors;
        ASSERT_EQ(served.report().connections.size(), 1U);
        EXPECT_EQ(served.report().connections.front().end, ServedEnd::Stopped);
    }
}

TEST(ServeTest, wrongUsageNamesTheOptionItsValueAndWhatIsAllowed)
{
    const TemporaryDirectory directory;
    const auto data = directory.write("data", "line\n").string();
    const LoopbackListener taken;
    const auto takenPort = fmt::format("{}", taken.address.port());

    struct Wrong
    {
        std::vector<std::string> arguments;
        std::string message;
    };

    const std::vector<Wrong> cases{
        {{"none", "--port", "0"}, "option FILE is 'none', which cannot be opened: No such file"},
        {{directory.path(), "--port", "0"}, "cannot be read: Is a directory; allowed: a file"},
        {{data, "--port", "70000"}, "option --port is 70000; allowed: 0 to 65535"},
        {{data, "--port", "http"}, "option --port is http; allowed: 0 to 65535"},
        {{data, "--port", takenPort},
         fmt::format("option --port is {} (Address already in use); allowed: ", takenPort)},
        {{data, "--port", "0", "--host", "192.0.2.1"}, "option --host is '192.0.2.1' (Cannot"},
        {{data, "--port", "0", "--rate", "fast"}, "option --rate is fast; allowed: unlimited"},
        {{data, "--port", "0", "--connections", "0"}, "option --connections is 0; allowed: "},
        {{data, "--port", "0", "--repeat", "-1"}, "option --repeat is -1; allowed: forever"},
        {{data, "--port", "0", "--chunk", "words"}, "option --chunk is words; allowed: lines"},
        {{data, "--port", "0", "--reactors", "0"}, "option --reactors is 0; allowed: 1 to"},
        {{data, "--port", "0", "--report", "/none/x"}, "'/none/x'"},
        {{data}, "--port is required"},
    };
    for (const auto& wrong : cases)
    {
        auto arguments = wrong.arguments;
        arguments.insert(arguments.begin(), "serve");
        const auto result = runProgram(arguments);
        EXPECT_EQ(result.exitCode, 2) << wrong.message;
        EXPECT_NE(result.errors.find(wrong.message), std::string::npos) << result.errors;
        EXPECT_EQ(result.output, "");
    }
}

} // namespace weft::test
