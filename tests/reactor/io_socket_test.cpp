#include <weft/reactor/io.hpp>
#include <weft/reactor/tcp.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>

/// \file
/// Calls on sockets, each on a reactor and on a plain thread.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

class IoSocket : public testing::TestWithParam<bool>
{
protected:
    void run(const std::function<void()>& body)
    {
        const bool onReactor = GetParam();
        if (!onReactor)
        {
            body();
            return;
        }
        Runtime runtime(smallRuntime());
        onFiber(runtime, std::ref(body));
    }

    std::string_view text(std::size_t size) const
    {
        return textOf(std::span(buffer).first(size));
    }

    static void makeNonBlocking(const OwnedDescriptor& descriptor)
    {
        ::fcntl(descriptor.get(), F_SETFL, O_NONBLOCK);
    }

    /// Closing answers the peer with a reset instead of an end of stream.
    static void reset(OwnedDescriptor& socket)
    {
        const linger atOnce = {.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce));
        socket.reset();
    }

    std::array<std::byte, 64> buffer{};
};

} // namespace

TEST_P(IoSocket, sentBytesAreReceived)
{
    const auto pair = tcpPair();
    run(
        [&]
        {
            EXPECT_EQ(io::send(pair.first.get(), bytesOf("hello")).value(), 5U);
            EXPECT_EQ(text(io::recv(pair.second.get(), buffer).value()), "hello");
        });
}

TEST_P(IoSocket, receiveFlagsReachTheKernel)
{
    const auto pair = socketPair();
    ASSERT_EQ(::write(pair.second.get(), "peek", 4), 4);
    run(
        [&]
        {
            EXPECT_EQ(io::recv(pair.first.get(), buffer, MSG_PEEK).value(), 4U);
            EXPECT_EQ(io::recv(pair.first.get(), buffer).value(), 4U);
        });
}

TEST_P(IoSocket, receiveThatMustNotWaitSaysTryAgain)
{
    const auto pair = socketPair();
    run(
        [&]
        {
            EXPECT_EQ(errorOf(io::recv(pair.first.get(), buffer, MSG_DONTWAIT)),
                      systemError(EAGAIN));
        });
}

TEST_P(IoSocket, whatIsQueuedIsTakenWithoutWaiting)
{
    const auto pair = socketPair();
    ASSERT_EQ(::write(pair.second.get(), "hello", 5), 5);
    run(
        [&]
        {
            EXPECT_EQ(io::recv(pair.first.get(), buffer, MSG_DONTWAIT).value(), 5U);
            EXPECT_EQ(errorOf(io::recv(pair.first.get(), buffer, MSG_DONTWAIT)),
                      systemError(EAGAIN));
        });
}

TEST_P(IoSocket, messageIsSentAndReceivedInParts)
{
    const auto pair = socketPair();
    run(
        [&]
        {
            std::string first = "ab";
            std::string second = "cde";
            std::array sendParts{iovec{first.data(), 2}, iovec{second.data(), 3}};
            msghdr outgoing = {};
            outgoing.msg_iov = sendParts.data();
            outgoing.msg_iovlen = sendParts.size();
            EXPECT_EQ(io::sendmsg(pair.first.get(), outgoing).value(), 5U);
            std::array receiveParts{iovec{buffer.data(), 4}, iovec{buffer.data() + 4, 60}};
            msghdr incoming = {};
            incoming.msg_iov = receiveParts.data();
            incoming.msg_iovlen = receiveParts.size();
            EXPECT_EQ(text(io::recvmsg(pair.second.get(), incoming).value()), "abcde");
        });
}

TEST_P(IoSocket, shutdownEndsThePeersStream)
{
    const auto pair = tcpPair();
    run(
        [&]
        {
            EXPECT_TRUE(io::shutdown(pair.first.get(), SHUT_WR).has_value());
            EXPECT_EQ(io::recv(pair.second.get(), buffer).value(), 0U);
        });
}

TEST_P(IoSocket, resetByThePeerIsConnectionReset)
{
    auto pair = tcpPair();
    reset(pair.second);
    run(
        [&]
        {
            EXPECT_EQ(errorOf(io::recv(pair.first.get(), buffer)), systemError(ECONNRESET));
        });
}

TEST_P(IoSocket, sendToAClosedPeerIsBrokenPipeWithoutASignal)
{
    auto pair = socketPair();
    pair.second.reset();
    run(
        [&]
        {
            EXPECT_EQ(errorOf(io::send(pair.first.get(), bytesOf("x"))), systemError(EPIPE));
        });
}

TEST_P(IoSocket, connectWhereNobodyListensIsRefused)
{
    const auto address = refusedAddress();
    run(
        [&]
        {
            const auto socket = tcpSocket();
            EXPECT_EQ(errorOf(io::connect(socket.get(), address)), systemError(ECONNREFUSED));
        });
}

TEST_P(IoSocket, connectSucceedsOnANonBlockingSocket)
{
    const LoopbackListener listener;
    run(
        [&]
        {
            const auto socket = tcpSocket();
            makeNonBlocking(socket);
            EXPECT_TRUE(io::connect(socket.get(), listener.address).has_value());
        });
}

TEST_P(IoSocket, acceptTellsWhoConnected)
{
    const LoopbackListener listener;
    const auto client = listener.connectClient();
    run(
        [&]
        {
            SocketAddress peer;
            const auto server = io::accept(listener.socket.get(), &peer).value();
            EXPECT_EQ(peer.toString(),
                      TcpStream(OwnedDescriptor(::dup(client.get()))).localAddress().toString());
        });
}

TEST_P(IoSocket, acceptedDescriptorIsClosedOnExec)
{
    const LoopbackListener listener;
    const auto client = listener.connectClient();
    run(
        [&]
        {
            const auto server = io::accept(listener.socket.get()).value();
            EXPECT_EQ(::fcntl(server.get(), F_GETFD), FD_CLOEXEC);
        });
}

TEST_P(IoSocket, acceptOnANonBlockingListenerWaitsForAClient)
{
    const LoopbackListener listener;
    makeNonBlocking(listener.socket);
    const std::jthread connector(
        [&]
        {
            (void)listener.connectClient();
        });
    run(
        [&]
        {
            EXPECT_TRUE(io::accept(listener.socket.get()).has_value());
        });
}

TEST_P(IoSocket, receiveOnANonBlockingSocketWaitsForData)
{
    const auto pair = tcpPair();
    makeNonBlocking(pair.first);
    const std::jthread sender(
        [&]
        {
            ASSERT_EQ(::write(pair.second.get(), "late", 4), 4);
        });
    run(
        [&]
        {
            EXPECT_EQ(text(io::recv(pair.first.get(), buffer).value()), "late");
        });
}

TEST_P(IoSocket, sendOnAFullNonBlockingSocketWaitsForRoom)
{
    const auto pair = socketPair();
    makeNonBlocking(pair.first);
    constexpr std::size_t Total = 4'000'000;
    std::size_t received = 0;
    const std::jthread reader(
        [&]
        {
            std::vector<std::byte> chunk(1 << 16);
            while (received < Total)
            {
                const auto size = ::read(pair.second.get(), chunk.data(), chunk.size());
                received += static_cast<std::size_t>(size);
            }
        });
    run(
        [&]
        {
            const std::vector<std::byte> bytes(Total);
            const TcpStream stream(OwnedDescriptor(::dup(pair.first.get())));
            EXPECT_TRUE(stream.sendAll(bytes).has_value());
        });
}

TEST_P(IoSocket, pollTellsWhatCame)
{
    const auto pair = socketPair();
    ASSERT_EQ(::write(pair.second.get(), "x", 1), 1);
    run(
        [&]
        {
            EXPECT_EQ(io::poll(pair.first.get(), POLLIN | POLLOUT).value(), POLLIN | POLLOUT);
        });
}

TEST_P(IoSocket, pollTellsThatThePeerHasHungUp)
{
    auto pair = socketPair();
    pair.second.reset();
    run(
        [&]
        {
            EXPECT_TRUE((io::poll(pair.first.get(), POLLIN).value() & POLLHUP) != 0);
        });
}

TEST_P(IoSocket, receiveOnAFileIsNotASocket)
{
    const auto pipe = makePipe();
    run(
        [&]
        {
            EXPECT_EQ(errorOf(io::recv(pipe.first.get(), buffer)), systemError(ENOTSOCK));
        });
}

TEST_P(IoSocket, tcpStreamConnectsByNameAndTalks)
{
    const LoopbackListener listener;
    std::jthread server(
        [&]
        {
            const auto client = listener.acceptClient();
            std::array<char, 4> request{};
            ASSERT_EQ(::read(client.get(), request.data(), 4), 4);
            ASSERT_EQ(::write(client.get(), "pong", 4), 4);
        });
    run(
        [&]
        {
            auto stream = TcpStream::connect("127.0.0.1", listener.address.port()).value();
            EXPECT_EQ(stream.peerAddress().toString(), listener.address.toString());
            EXPECT_TRUE(stream.sendAll(bytesOf("ping")).has_value());
            EXPECT_TRUE(stream.shutdownSend().has_value());
            EXPECT_EQ(text(stream.receive(buffer).value()), "pong");
            EXPECT_TRUE(stream.close().has_value());
        });
}

TEST_P(IoSocket, tcpStreamSaysWhyItCannotConnect)
{
    const auto address = refusedAddress();
    run(
        [&]
        {
            EXPECT_EQ(errorOf(TcpStream::connect(address)), systemError(ECONNREFUSED));
        });
}

TEST_P(IoSocket, tcpListenerAcceptsOnThePortThatTheKernelChose)
{
    run(
        []
        {
            auto listener = TcpListener::listen(*SocketAddress::parse("127.0.0.1", 0)).value();
            const auto client = TcpStream::connect(listener.localAddress()).value();
            const auto server = listener.accept().value();
            EXPECT_EQ(server.peerAddress().toString(), client.localAddress().toString());
            EXPECT_TRUE(listener.close().has_value());
        });
}

TEST_P(IoSocket, tcpListenerOnATakenPortSaysAddressInUse)
{
    const LoopbackListener listener;
    run(
        [&]
        {
            EXPECT_EQ(errorOf(TcpListener::listen(listener.address)), systemError(EADDRINUSE));
        });
}

INSTANTIATE_TEST_SUITE_P(On, IoSocket, testing::Bool(),
                         [](const auto& instance)
                         {
                             return instance.param ? "reactor" : "plainThread";
                         });

} // namespace weft
