#include <weft/reactor/runtime.hpp>
#include <weft/reactor/unix_socket.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/connection_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_engine.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class UnixListenSourceTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle provide(ParameterTexts texts = {})
    {
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("path", path);
        texts.try_emplace("flush_interval", "0");
        return SourceProvider(runtime).provide(7, SourceDescriptor("door", "unix_listen", texts));
    }

    SourceHandle listen(const ParameterTexts& texts = {})
    {
        auto source = provide(texts);
        EXPECT_TRUE(source.start(log.emit()));
        while (source.statistics().state != SourceState::Running)
        {
            std::this_thread::yield();
        }
        return source;
    }

    static UnixSocket connectTo(const std::string& name,
                                UnixSocketKind kind = UnixSocketKind::Stream)
    {
        return UnixSocket::connect(SocketAddress::parseUnix(name).value(), kind).value();
    }

    TemporaryDirectory directory;
    std::string path = (directory.path() / "door").string();
    Runtime runtime{onTestEngine({.reactors = 1, .threadBuffers = 256, .bufferSizeBytes = 1024})};
    ConnectionLog log;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(UnixListenSourceTest);

TEST_P(UnixListenSourceTest, streamsOfManyClientsAreKeptApart)
{
    constexpr std::size_t ClientCount = 50;
    auto source = listen();
    EXPECT_EQ(source.statistics().endpoint, "listening on unix:" + path);
    for (std::size_t client = 0; client < ClientCount; ++client)
    {
        const auto stream = connectTo(path);
        log.waitForBegins(client + 1); // so that the numbers are those of the clients
        ASSERT_TRUE(stream.sendAll(bytesOf(std::string(3000, static_cast<char>(client)))));
    }
    log.waitForEnds(ClientCount);
    for (const auto& [number, connection] : log.all())
    {
        EXPECT_EQ(connection.bytes, std::string(3000, static_cast<char>(number - 1)));
        EXPECT_EQ(connection.peer, fmt::format("process {} of user {}", ::getpid(), ::getuid()));
    }
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_FALSE(std::filesystem::exists(path)) << "removed at the end";
}

TEST_P(UnixListenSourceTest, packetsOfEachClientAreRecords)
{
    const auto name = "@weft-listen-" + std::to_string(::getpid());
    auto source = listen({{"path", name}, {"socket", "seqpacket"}, {"framing", "newline"}});
    const auto first = connectTo(name, UnixSocketKind::Packets);
    log.waitForBegins(1);
    {
        const auto second = connectTo(name, UnixSocketKind::Packets);
        ASSERT_TRUE(second.send(bytesOf("b1")));
        ASSERT_TRUE(second.send(bytesOf("")));
        ASSERT_TRUE(second.send(bytesOf("b2")));
    }
    ASSERT_TRUE(first.send(bytesOf("a1")));
    log.waitForEnds(1);
    log.waitForBytes(1, 3);
    EXPECT_EQ(log.connection(1).bytes, "a1\n");
    EXPECT_EQ(log.connection(2).bytes, "b1\n\nb2\n");
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(UnixListenSourceTest, aSocketFileThatADeadProcessLeftIsReplaced)
{
    {
        const auto address = SocketAddress::parseUnix(path).value();
        const OwnedDescriptor dead(
            checkedCall(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        checkedCall(::bind(dead.get(), address.data(), address.size()), "bind");
    }
    auto source = listen();
    ASSERT_TRUE(connectTo(path).sendAll(bytesOf("alive")));
    log.waitForBytes(1, 5);
}

TEST_P(UnixListenSourceTest, aSocketThatSomebodyListensOnIsAClearError)
{
    auto source = listen();
    ConnectionLog secondLog;
    auto second = provide();
    ASSERT_TRUE(second.start(secondLog.emit()));
    secondLog.waitForLast();
    ASSERT_TRUE(secondLog.failure());
    EXPECT_EQ(secondLog.failure()->message, "listen on unix:" + path + ": Address already in use");
    ASSERT_TRUE(connectTo(path).sendAll(bytesOf("still here")));
    log.waitForBytes(1, 10);
}

TEST_P(UnixListenSourceTest, aFileThatIsNoSocketIsAClearError)
{
    std::ofstream(path) << "precious";
    auto source = provide();
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->message, "listen on unix:" + path + ": File exists");
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_P(UnixListenSourceTest, stopWithConnectionsOpenClosesAllOfThem)
{
    auto source = listen();
    std::vector<UnixSocket> clients;
    for (int client = 0; client < 10; ++client)
    {
        clients.push_back(connectTo(path));
    }
    log.waitForBegins(10);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.emitFunctionCount(), 0);
    for (const auto& client : clients)
    {
        std::array<std::byte, 8> buffer;
        EXPECT_EQ(client.receive(buffer).value(), 0U);
    }
}
