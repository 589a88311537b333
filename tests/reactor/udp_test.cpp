#include <weft/reactor/udp.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using namespace weft;

namespace
{

UdpSocket boundSocket(const UdpSocket::Options& options = {})
{
    return UdpSocket::bind(*SocketAddress::parse("127.0.0.1", 0), options).value();
}

void sendTo(const UdpSocket& socket, std::string_view datagram)
{
    const OwnedDescriptor peer(checkedCall(::socket(AF_INET, SOCK_DGRAM, 0), "socket"));
    const auto address = socket.localAddress();
    checkedCall(static_cast<int>(::sendto(peer.get(), datagram.data(), datagram.size(), 0,
                                          address.data(), address.size())),
                "sendto");
}

/// Space for a datagram, in two parts.
struct Parts
{
    std::array<std::byte, 3> first{};
    std::array<std::byte, 100> second{};
    std::array<iovec, 2> vectors{
        iovec{.iov_base = first.data(), .iov_len = first.size()},
        iovec{.iov_base = second.data(), .iov_len = second.size()},
    };
};

} // namespace

TEST(UdpSocketTest, receivesDatagramsOneByOneIntoPartsEmptyOnesToo)
{
    auto socket = boundSocket();
    sendTo(socket, "datagram");
    sendTo(socket, "");
    sendTo(socket, "x");
    Runtime runtime(smallRuntime());
    onFiber(runtime,
            [&]
            {
                Parts parts;
                EXPECT_EQ(socket.receive(parts.vectors).value(), 8U);
                EXPECT_EQ(textOf(parts.first), "dat");
                EXPECT_EQ(textOf(parts.second).substr(0, 5), "agram");
                EXPECT_EQ(socket.receive(parts.vectors).value(), 0U);
                EXPECT_EQ(socket.receive(parts.vectors).value(), 1U);
                EXPECT_EQ(errorOf(socket.receive(parts.vectors, NoDeadline, MSG_DONTWAIT)),
                          systemError(EAGAIN));
                EXPECT_EQ(errorOf(socket.receive(parts.vectors, io::after(1ms))),
                          IoError::DeadlineExpired);
                EXPECT_EQ(errorOf(socket.close()), std::error_code());
            });
}

TEST(UdpSocketTest, stopEndsTheWaitForADatagram)
{
    auto socket = boundSocket();
    Runtime runtime(smallRuntime());
    auto fiber =
        runtime.spawn(testFiber("receiver"),
                      [&]
                      {
                          Parts parts;
                          EXPECT_EQ(errorOf(socket.receive(parts.vectors)), IoError::Stopped);
                      });
    awaitState(runtime, "receiver", FiberState::Suspended);
    fiber.requestStop();
    fiber.join();
}

TEST(UdpSocketTest, countsWhatTheKernelHadNoRoomFor)
{
    auto socket = boundSocket({.receiveBufferBytes = 4096});
    constexpr std::uint64_t Sent = 500;
    for (std::uint64_t index = 0; index < Sent; ++index)
    {
        sendTo(socket, "flood");
    }
    Parts parts;
    std::uint64_t received = 0;
    while (socket.receive(parts.vectors, NoDeadline, MSG_DONTWAIT))
    {
        ++received;
    }
    EXPECT_EQ(socket.datagramsLost(), 0U) << "those that were received came before any was lost";
    EXPECT_EQ(socket.countDatagramsLost(), Sent - received);
    sendTo(socket, "later");
    EXPECT_EQ(socket.receive(parts.vectors).value(), 5U);
    EXPECT_EQ(socket.datagramsLost(), Sent - received);
}

TEST(UdpSocketTest, addressThatIsTakenIsRefused)
{
    const auto socket = boundSocket();
    EXPECT_EQ(errorOf(UdpSocket::bind(socket.localAddress(), {})), systemError(EADDRINUSE));
    const auto shared = boundSocket({.sharesPort = true});
    EXPECT_TRUE(UdpSocket::bind(shared.localAddress(), {.sharesPort = true}));
}

TEST(UdpSocketTest, joiningWhatIsNoGroupIsRefused)
{
    const auto socket = boundSocket();
    EXPECT_EQ(errorOf(socket.join(*SocketAddress::parse("127.0.0.1", 0))), systemError(EINVAL));
}

TEST(UdpSocketTest, interfaceIsFoundByNameAndByAddress)
{
    const auto loopback = findInterface("lo");
    ASSERT_TRUE(loopback);
    EXPECT_EQ(findInterface("127.0.0.1"), loopback);
    EXPECT_FALSE(findInterface("none0"));
    EXPECT_FALSE(findInterface("192.0.2.99"));
}
