#include "session_files.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include <stream_checksum.hpp>

/// `weft run` to its end: each source's bytes, buffers and checksum.

namespace weft::test
{

namespace
{

std::string checksumOf(std::string_view bytes)
{
    tools::StreamChecksum checksum;
    checksum.update(bytesOf(bytes));
    return fmt::format("{:016x}", checksum.value());
}

void sendAndClose(OwnedDescriptor connection, std::string_view text)
{
    while (!text.empty())
    {
        const auto sent = ::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL);
        text.remove_prefix(static_cast<std::size_t>(checkedCall(static_cast<int>(sent), "send")));
    }
}

struct Neighbours
{
    LoopbackListener first;
    OwnedDescriptor second;
};

/// Two listeners on ports that follow each other.
Neighbours listenOnNeighbours()
{
    for (;;)
    {
        Neighbours listeners{.first = LoopbackListener(), .second = tcpSocket()};
        const auto port = static_cast<std::uint16_t>(listeners.first.address.port() + 1);
        const auto address = *SocketAddress::parse("127.0.0.1", port);
        if (::bind(listeners.second.get(), address.data(), address.size()) == 0)
        {
            checkedCall(::listen(listeners.second.get(), 16), "listen");
            return listeners;
        }
    }
}

OwnedDescriptor acceptFrom(const OwnedDescriptor& listener)
{
    return OwnedDescriptor(checkedCall(::accept(listener.get(), nullptr, nullptr), "accept"));
}

} // namespace

TEST(RunAccountTest, copiesOfAFileAreCountedWithTheirChecksums)
{
    const RunDirectory directory("runtime: {reactors: 2}\nworkers: 2\nsources:\n"
                                 "- {name: log, type: file, count: 7, path: data}\n"
                                 "- {name: single, type: file, path: small}\n"
                                 "- {name: nothing, type: file, path: empty}\n");
    const auto data = randomBytes(300'001);
    directory.write("data", data);
    directory.write("small", "a few bytes");
    directory.write("empty", "");
    const auto account = directory.run();
    EXPECT_EQ(account.program.exitCode, 0) << account.program.errors;
    for (int copy = 0; copy < 7; ++copy)
    {
        const auto& source = account.source(fmt::format("log-{}", copy));
        EXPECT_EQ(source["bytes"], data.size());
        EXPECT_EQ(source["buffers"], data.size() / 4096 + 1);
        EXPECT_EQ(source["checksum"], checksumOf(data));
        EXPECT_EQ(source["state"], "ended");
        EXPECT_EQ(source["error"], nullptr);
    }
    EXPECT_EQ(account.source("single")["checksum"], checksumOf("a few bytes"));
    EXPECT_EQ(account.source("nothing")["buffers"], 0);
    EXPECT_EQ(account.source("nothing")["checksum"], checksumOf(""));
    EXPECT_EQ(account.json["totals"]["ended"], 9);
    EXPECT_EQ(account.json["totals"]["bytes"], 7 * data.size() + 11);
    EXPECT_EQ(account.json["threads"]["reactors"], 2);
    EXPECT_EQ(account.json["reactors"].size(), 2U);
    EXPECT_GT(account.json["latency"]["max_ns"], 0);
    EXPECT_NE(
        account.program.output.find("complete: all sources have ended, all buffers delivered"),
        std::string::npos)
        << account.program.output;
}

TEST(RunAccountTest, aRangeOfPortsIsSpreadOverTheCopies)
{
    const auto listeners = listenOnNeighbours();
    const int port = listeners.first.address.port();
    const RunDirectory directory(fmt::format("sources:\n- {{name: feed, type: tcp, count: 5, host: "
                                             "127.0.0.1, port: {}-{}}}\n",
                                             port, port + 1));
    ChildProgram program(directory.arguments(), directory.options());
    const auto even = randomBytes(10'000, 1);
    const auto odd = randomBytes(20'000, 2);
    for (int copy = 0; copy < 5; ++copy)
    {
        const bool isOdd = copy % 2 == 1;
        const auto& listener = isOdd ? listeners.second : listeners.first.socket;
        sendAndClose(acceptFrom(listener), isOdd ? odd : even);
    }
    const auto account = directory.account(program.wait());
    EXPECT_EQ(account.program.exitCode, 0) << account.program.errors;
    for (int copy = 0; copy < 5; ++copy)
    {
        const bool isOdd = copy % 2 == 1;
        const auto& source = account.source(fmt::format("feed-{}", copy));
        EXPECT_EQ(source["checksum"], checksumOf(isOdd ? odd : even));
        const std::string endpoint = source["endpoint"];
        EXPECT_TRUE(endpoint.ends_with(fmt::format(":{}", isOdd ? port + 1 : port))) << endpoint;
    }
}

TEST(RunAccountTest, discardCountsButTakesNoChecksum)
{
    const RunDirectory directory("sink: discard\nsources: [{name: a, type: file, path: data}]\n");
    directory.write("data", randomBytes(5000));
    const auto account = directory.run();
    EXPECT_EQ(account.source("a")["bytes"], 5000);
    EXPECT_FALSE(account.source("a").contains("checksum"));
}

TEST(RunAccountTest, jsonOnStandardOutputIsNothingButJson)
{
    const RunDirectory directory("sources: [{name: a, type: file, path: data}]\n");
    directory.write("data", "bytes");
    const auto result = runProgram({"run", "config.yaml", "--json", "-"}, directory.options());
    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(nlohmann::json::parse(result.output)["totals"]["bytes"], 5);
    EXPECT_NE(result.errors.find("all buffers delivered"), std::string::npos);
}

TEST(RunAccountTest, aPlaceForTheJsonThatCannotBeWrittenIsFoundBeforeTheStart)
{
    const RunDirectory directory("sources: [{name: a, type: file, path: data}]\n");
    const auto result =
        runProgram({"run", "config.yaml", "--json", "no/such/account.json"}, directory.options());
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.errors,
              "weft: cannot write 'no/such/account.json': No such file or directory\n");
    EXPECT_EQ(result.output, "");
}

/// What is interrupted in the middle of writing must leave the old account, not half of a new one.
TEST(RunAccountTest, nothingButTheAccountIsLeftBesideIt)
{
    const RunDirectory directory("sources: [{name: a, type: file, path: data}]\n");
    directory.write("data", "bytes");
    directory.write("account.json", "an old one");
    EXPECT_EQ(directory.run().source("a")["bytes"], 5);
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path()))
    {
        names.insert(entry.path().filename());
    }
    EXPECT_EQ(names, (std::set<std::string>{"account.json", "config.yaml", "data"}));
}

} // namespace weft::test
