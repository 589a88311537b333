/// \file
/// `weft run` with a source of type udp: what an operator sees of lost datagrams.

#include "tests/tools/session_files.hpp"
#include "udp_peer.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include <sys/wait.h>

using namespace weft;
using namespace weft::test;

namespace
{

/// A port that was free a moment ago.
std::uint16_t freePort()
{
    const OwnedDescriptor socket(checkedCall(::socket(AF_INET, SOCK_DGRAM, 0), "socket"));
    auto address = *SocketAddress::parse("127.0.0.1", 0);
    checkedCall(::bind(socket.get(), address.data(), address.size()), "bind");
    auto size = SocketAddress::capacity();
    checkedCall(::getsockname(socket.get(), address.data(), &size), "getsockname");
    return address.port();
}

} // namespace

TEST(UdpRun, lostDatagramsAreInTheSummaryAndInTheAccount)
{
    const auto port = freePort();
    const RunDirectory directory(
        "runtime: {reactors: 1}\n"
        "sources: [{name: feed, type: udp, address: 127.0.0.1, receive_buffer: 8KiB, framing: "
        "newline, port: " +
        std::to_string(port) + "}]\n");
    ChildProgram program(directory.arguments(), directory.options());
    program.awaitError("1 of 1 open");
    // Frozen, it cannot take what comes.
    program.signal(SIGSTOP);
    int status = 0;
    checkedCall(::waitpid(program.processId(), &status, WUNTRACED), "waitpid");
    const UdpPeer peer;
    constexpr std::uint64_t Flood = 1000;
    for (std::uint64_t index = 0; index < Flood; ++index)
    {
        peer.send("flood", port);
    }
    program.signal(SIGCONT);
    awaitAllRead(port);
    program.signal(SIGINT);
    const auto account = directory.account(program.wait());
    const auto& source = account.source("feed");
    EXPECT_EQ(account.program.exitCode, 0) << account.program.errors;
    const auto lost = source.at("messages_lost").get<std::uint64_t>();
    EXPECT_GT(lost, 0U);
    EXPECT_EQ(source.at("bytes").get<std::uint64_t>() / 6 + lost, Flood);
    EXPECT_EQ(account.json.at("totals").at("messages_lost"), lost);
    EXPECT_NE(account.program.output.find("lost     " + std::to_string(lost) +
                                          " messages were lost on the way to their sources"),
              std::string::npos)
        << account.program.output;
}
