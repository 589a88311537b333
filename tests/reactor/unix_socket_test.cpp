#include <weft/reactor/runtime.hpp>
#include <weft/reactor/unix_socket.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/un.h>

using namespace std::chrono_literals;

namespace weft
{

namespace
{

class UnixSocketTest : public testing::Test
{
protected:
    static SocketAddress addressOf(const std::string& name)
    {
        return SocketAddress::parseUnix(name).value();
    }

    std::string path() const
    {
        return (directory.path() / "socket").string();
    }

    TemporaryDirectory directory;
};

} // namespace

TEST_F(UnixSocketTest, bytesGoBothWaysOverAPathAndAnAbstractName)
{
    Runtime runtime(smallRuntime());
    onFiber(runtime,
            [&]
            {
                for (const auto& name : {path(), "@weft-" + std::to_string(::getpid())})
                {
                    auto listener =
                        UnixListener::listen(addressOf(name), UnixSocketKind::Stream).value();
                    EXPECT_EQ(listener.localAddress().toString(), "unix:" + name);
                    const auto client =
                        UnixSocket::connect(addressOf(name), UnixSocketKind::Stream).value();
                    const auto server = listener.accept().value();
                    ASSERT_TRUE(client.sendAll(bytesOf("ping")));
                    std::array<std::byte, 16> buffer;
                    EXPECT_EQ(server.receive(buffer).value(), 4U);
                    ASSERT_TRUE(server.sendAll(bytesOf("pong!")));
                    EXPECT_EQ(client.receive(buffer).value(), 5U);
                    EXPECT_EQ(client.peerAddress().toString(), "unix:" + name);
                    EXPECT_EQ(server.peerAddress().toString(), "unix:(unnamed)");
                    EXPECT_TRUE(listener.close());
                }
                EXPECT_FALSE(std::filesystem::exists(path())) << "removed by close";
            });
}

TEST_F(UnixSocketTest, packetsKeepTheirBoundariesAndAnEmptyOneIsNotTheEnd)
{
    Runtime runtime(smallRuntime());
    onFiber(runtime,
            [&]
            {
                const auto listener =
                    UnixListener::listen(addressOf(path()), UnixSocketKind::Packets).value();
                const auto receiver =
                    UnixSocket::connect(addressOf(path()), UnixSocketKind::Packets).value();
                {
                    const auto sender = listener.accept().value();
                    for (const auto* const text : {"first", "", "", "a large one"})
                    {
                        ASSERT_TRUE(sender.send(bytesOf(text)));
                    }
                }
                std::array<std::byte, 8> buffer;
                EXPECT_EQ(receiver.receivePacket(buffer).value(), 5U);
                EXPECT_EQ(textOf(std::span(buffer).first(5)), "first");
                EXPECT_EQ(receiver.receivePacket(buffer).value(), 0U);
                EXPECT_EQ(receiver.receivePacket(buffer).value(), 0U);
                EXPECT_EQ(receiver.receivePacket(buffer).value(), 11U) << "its whole size";
                EXPECT_EQ(receiver.receivePacket(buffer).value(), std::nullopt);
                EXPECT_EQ(receiver.receivePacket(buffer).value(), std::nullopt);
            });
}

TEST_F(UnixSocketTest, connectWaitsForAPlaceInAFullQueueUntilItsDeadline)
{
    Runtime runtime(smallRuntime());
    onFiber(runtime,
            [&]
            {
                const auto address = addressOf(path());
                const auto listener =
                    UnixListener::listen(address, UnixSocketKind::Stream, 0).value();
                const auto first = UnixSocket::connect(address, UnixSocketKind::Stream).value();
                EXPECT_EQ(
                    errorOf(UnixSocket::connect(address, UnixSocketKind::Stream, io::after(20ms))),
                    IoError::DeadlineExpired);
            });
}

TEST_F(UnixSocketTest, aSocketFileThatADeadProcessLeftIsReplaced)
{
    const auto address = addressOf(path());
    {
        const OwnedDescriptor dead(
            checkedCall(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
        checkedCall(::bind(dead.get(), address.data(), address.size()), "bind");
    }
    ASSERT_TRUE(std::filesystem::exists(path()));
    {
        const auto listener = UnixListener::listen(address, UnixSocketKind::Stream);
        ASSERT_TRUE(listener) << listener.error().message();
        EXPECT_TRUE(UnixSocket::connect(address, UnixSocketKind::Stream));
    }
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(UnixSocketTest, aSocketThatSomebodyListensOnIsRefusedAndStays)
{
    const auto address = addressOf(path());
    const auto first = UnixListener::listen(address, UnixSocketKind::Stream).value();
    EXPECT_EQ(errorOf(UnixListener::listen(address, UnixSocketKind::Stream)),
              std::errc::address_in_use);
    EXPECT_EQ(errorOf(UnixListener::listen(address, UnixSocketKind::Packets)),
              std::errc::address_in_use)
        << "of another kind";
    EXPECT_TRUE(UnixSocket::connect(address, UnixSocketKind::Stream));
    const auto abstract = addressOf("@weft-taken-" + std::to_string(::getpid()));
    const auto second = UnixListener::listen(abstract, UnixSocketKind::Stream).value();
    EXPECT_EQ(errorOf(UnixListener::listen(abstract, UnixSocketKind::Stream)),
              std::errc::address_in_use);
}

TEST_F(UnixSocketTest, aFileThatIsNoSocketIsRefusedAndStays)
{
    std::ofstream(path()) << "precious";
    EXPECT_EQ(errorOf(UnixListener::listen(addressOf(path()), UnixSocketKind::Stream)),
              std::errc::file_exists);
    EXPECT_EQ(std::filesystem::file_size(path()), 8U);
}

/// Whoever has put something else in its place since then wants that to stay.
TEST_F(UnixSocketTest, closeLeavesAFileThatIsNotItsOwn)
{
    {
        const auto listener =
            UnixListener::listen(addressOf(path()), UnixSocketKind::Stream).value();
        std::filesystem::rename(path(), path() + ".old");
        std::ofstream(path()) << "another";
    }
    EXPECT_TRUE(std::filesystem::exists(path()));
}

} // namespace weft
