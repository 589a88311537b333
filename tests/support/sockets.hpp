#pragma once

#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/socket_address.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/// \file
/// Sockets and pipes made by plain system calls, for the other side of a test. They throw when the
/// machine refuses: a test cannot go on without them.

namespace weft
{

inline std::span<const std::byte> bytesOf(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

inline std::string_view textOf(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline int checkedCall(int result, const char* call)
{
    if (result < 0)
    {
        throw std::system_error(errno, std::system_category(), call);
    }
    return result;
}

struct DescriptorPair
{
    OwnedDescriptor first;
    OwnedDescriptor second;
};

/// Two connected stream sockets in blocking mode.
inline DescriptorPair socketPair()
{
    std::array<int, 2> ends{};
    checkedCall(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    return {OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1])};
}

/// The first is the end to read from.
inline DescriptorPair makePipe(int flags = O_CLOEXEC)
{
    std::array<int, 2> ends{};
    checkedCall(::pipe2(ends.data(), flags), "pipe2");
    return {OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1])};
}

inline OwnedDescriptor tcpSocket()
{
    return OwnedDescriptor(checkedCall(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
}

/// A TCP socket on a loopback port that the kernel chooses.
struct LoopbackListener
{
    explicit LoopbackListener(int backlog = 4096) : socket(tcpSocket())
    {
        const auto any = *SocketAddress::parse("127.0.0.1", 0);
        checkedCall(::bind(socket.get(), any.data(), any.size()), "bind");
        checkedCall(::listen(socket.get(), backlog), "listen");
        auto size = SocketAddress::capacity();
        checkedCall(::getsockname(socket.get(), address.data(), &size), "getsockname");
        address.setSize(size);
    }

    OwnedDescriptor connectClient() const
    {
        auto client = tcpSocket();
        checkedCall(::connect(client.get(), address.data(), address.size()), "connect");
        return client;
    }

    OwnedDescriptor acceptClient() const
    {
        return OwnedDescriptor(
            checkedCall(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept4"));
    }

    OwnedDescriptor socket;
    SocketAddress address;
};

/// Two ends of one TCP connection over loopback.
inline DescriptorPair tcpPair()
{
    const LoopbackListener listener;
    auto client = listener.connectClient();
    auto server = listener.acceptClient();
    return {std::move(client), std::move(server)};
}

/// A listener whose queue of connections is full: whoever connects is left without an answer.
class BlackHole
{
public:
    BlackHole() : listener(0)
    {
        // A queue of zero holds one connection.
        waiting = listener.connectClient();
    }

    const SocketAddress& address() const
    {
        return listener.address;
    }

private:
    LoopbackListener listener;
    OwnedDescriptor waiting;
};

/// A loopback address at which nobody listens. Its port is not one of those that the kernel gives
/// away by itself: another test would have it before long.
inline SocketAddress refusedAddress()
{
    constexpr int Attempts = 100;
    constexpr std::uint16_t LowestPort = 1024;
    std::uint16_t firstGivenAway = 0;
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> firstGivenAway;
    std::random_device random;
    std::uniform_int_distribution<int> ports(LowestPort,
                                             std::max<int>(LowestPort, firstGivenAway - 1));
    for (int attempt = 0; attempt < Attempts && firstGivenAway > LowestPort; ++attempt)
    {
        const auto socket = tcpSocket();
        const auto address =
            *SocketAddress::parse("127.0.0.1", static_cast<std::uint16_t>(ports(random)));
        if (::bind(socket.get(), address.data(), address.size()) == 0)
        {
            return address;
        }
    }
    return LoopbackListener().address;
}

/// Descriptors that the process has open.
inline std::ptrdiff_t openDescriptorCount()
{
    // The one that the listing itself uses is in every count.
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
}

} // namespace weft
