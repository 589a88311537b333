#include "session_files.hpp"
#include "tests/support/sockets.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <stream_checksum.hpp>

/// `weft run` with sources that listen.

namespace weft::test
{

namespace
{

constexpr int ClientCount = 20;

std::string dataOf(int client)
{
    return randomBytes(10'000 + 1'000 * static_cast<std::size_t>(client),
                       static_cast<unsigned>(client));
}

/// Where the source listens, as the program says it: the kernel has chosen the port.
SocketAddress awaitListening(ChildProgram& program, std::string_view name)
{
    const auto start = fmt::format("{}: listening on 127.0.0.1:", name);
    const auto line = program.awaitErrorLine(start);
    const auto port = std::stoi(line.substr(start.size()));
    return *SocketAddress::parse("127.0.0.1", static_cast<std::uint16_t>(port));
}

OwnedDescriptor connectTo(const SocketAddress& address)
{
    auto client = tcpSocket();
    checkedCall(::connect(client.get(), address.data(), address.size()), "connect");
    return client;
}

void sendAll(const OwnedDescriptor& client, std::string_view text)
{
    while (!text.empty())
    {
        const auto sent = ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
        text.remove_prefix(static_cast<std::size_t>(checkedCall(static_cast<int>(sent), "send")));
    }
}

/// All at once, in pieces that take turns.
void sendFromClients(const SocketAddress& address)
{
    std::vector<std::jthread> clients;
    for (int client = 0; client < ClientCount; ++client)
    {
        clients.emplace_back(
            [address, client]
            {
                sendAll(connectTo(address), dataOf(client));
            });
    }
}

std::uint64_t checksumNumberOf(std::string_view bytes)
{
    tools::StreamChecksum checksum;
    checksum.update(bytesOf(bytes));
    return checksum.value();
}

} // namespace

TEST(RunListenTest, everyConnectionIsCountedAndTheirChecksumsAreSummed)
{
    for (const auto* const execution : {"fiber", "thread"})
    {
        const RunDirectory directory(
            fmt::format("workers: 2\nsources:\n- {{name: door, type: tcp_listen, port: 0, "
                        "connections_max: 50, connections_total: {}, execution: {}}}\n",
                        ClientCount, execution));
        ChildProgram program(directory.arguments(), directory.options());
        sendFromClients(awaitListening(program, "door"));
        const auto account = directory.account(program.wait());
        EXPECT_EQ(account.program.exitCode, 0) << account.program.errors;
        std::uint64_t bytes = 0;
        std::uint64_t checksum = 0;
        for (int client = 0; client < ClientCount; ++client)
        {
            bytes += dataOf(client).size();
            checksum += checksumNumberOf(dataOf(client));
        }
        const auto& source = account.source("door");
        EXPECT_EQ(source["bytes"], bytes);
        EXPECT_EQ(source["checksum"], fmt::format("{:016x}", checksum));
        EXPECT_EQ(source["connections"]["accepted"], ClientCount);
        EXPECT_EQ(source["connections"]["failed"], 0);
        EXPECT_EQ(source["state"], "ended");
        EXPECT_NE(account.program.output.find(
                      fmt::format("accepts  {} accepted, 0 failed\n", ClientCount)),
                  std::string::npos)
            << account.program.output;
    }
}

TEST(RunListenTest, eachConnectionHasAFileOfItsOwn)
{
    const RunDirectory directory(fmt::format(
        "sink: {{type: files, directory: out}}\nsources:\n- {{name: door, type: tcp_listen, "
        "port: 0, connections_max: 50, connections_total: {}}}\n",
        ClientCount));
    ChildProgram program(directory.arguments(), directory.options());
    sendFromClients(awaitListening(program, "door"));
    EXPECT_EQ(program.wait().exitCode, 0);
    std::multiset<std::string> written;
    for (int connection = 1; connection <= ClientCount; ++connection)
    {
        written.insert(readText(directory.path() / fmt::format("out/door/{}", connection)));
    }
    std::multiset<std::string> sent;
    for (int client = 0; client < ClientCount; ++client)
    {
        sent.insert(dataOf(client));
    }
    EXPECT_EQ(written, sent);
}

TEST(RunListenTest, aConnectionThatFailsIsToldAndFailsNothingElse)
{
    const RunDirectory directory("sources:\n- {name: door, type: tcp_listen, port: 0, "
                                 "connections_max: 50, connections_total: 2}\n");
    ChildProgram program(directory.arguments(), directory.options());
    const auto address = awaitListening(program, "door");
    {
        const auto client = connectTo(address);
        const linger atOnce = {.l_onoff = 1, .l_linger = 0};
        checkedCall(::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce)),
                    "setsockopt");
    }
    sendAll(connectTo(address), "healthy");
    const auto account = directory.account(program.wait());
    EXPECT_EQ(account.program.exitCode, 0) << "the source has not failed";
    const auto& connections = account.source("door")["connections"];
    EXPECT_EQ(connections["failed"], 1);
    EXPECT_NE(connections["error"].get<std::string>().find("Connection reset by peer"),
              std::string::npos);
    EXPECT_EQ(account.source("door")["bytes"], 7);
}

TEST(RunListenTest, theStatusSaysHowManyConnectionsAreOpen)
{
    const RunDirectory directory(
        "sources: [{name: door, type: tcp_listen, port: 0, connections_max: 50}]\n");
    ChildProgram program({"run", "config.yaml"}, directory.options());
    const auto address = awaitListening(program, "door");
    program.awaitError("1 of 1 open, 0 connections; ");
    const auto first = connectTo(address);
    auto second = connectTo(address);
    program.awaitError("1 of 1 open, 2 connections; ");
    second.reset();
    program.awaitError("1 of 1 open, 1 connections; ");
    program.signal(SIGINT);
    EXPECT_EQ(program.wait().exitCode, 0);
}

TEST(RunListenTest, anInterruptClosesTheConnectionsThatAreOpen)
{
    const RunDirectory directory("sink: {type: files, directory: out}\nsources:\n"
                                 "- {name: door, type: tcp_listen, port: 0, connections_max: 50, "
                                 "flush_interval: 0}\n");
    ChildProgram program(directory.arguments(), directory.options());
    const auto client = connectTo(awaitListening(program, "door"));
    sendAll(client, "still open");
    while (readText(directory.path() / "out/door/1") != "still open")
    {
        std::this_thread::yield();
    }
    program.signal(SIGINT);
    const auto account = directory.account(program.wait());
    EXPECT_EQ(account.program.exitCode, 0);
    EXPECT_EQ(account.source("door")["state"], "stopped");
    EXPECT_EQ(account.source("door")["bytes"], 10);
}

TEST(RunListenTest, aPortThatIsInUseFailsTheSource)
{
    const LoopbackListener taken;
    const RunDirectory directory(
        fmt::format("sources: [{{name: door, type: tcp_listen, port: {}, connections_max: 50}}]\n",
                    taken.address.port()));
    const auto account = directory.run();
    EXPECT_EQ(account.program.exitCode, 1);
    EXPECT_EQ(account.source("door")["error"],
              fmt::format("listen on 127.0.0.1:{}: Address already in use", taken.address.port()));
}

} // namespace weft::test
