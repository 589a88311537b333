#pragma once

#include <weft/reactor/socket_address.hpp>
#include <weft/sources/source_handle.hpp>

#include "tests/support/sockets.hpp"

#include <cstdint>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <netinet/in.h>

namespace weft::test
{

/// The port of "127.0.0.1:9000, receive buffer ...", once the source is open.
inline std::uint16_t portOf(const SourceHandle& source)
{
    for (;;)
    {
        const auto statistics = source.statistics();
        if (!statistics.endpoint.empty())
        {
            const auto host = statistics.endpoint.substr(0, statistics.endpoint.find(','));
            return static_cast<std::uint16_t>(std::stoi(host.substr(host.rfind(':') + 1)));
        }
        if (statistics.state == SourceState::Failed)
        {
            throw std::runtime_error("the source does not open");
        }
        std::this_thread::yield();
    }
}

/// Returns when the IPv4 socket at that port has no datagram that waits to be received. From
/// /proc/net/udp (proc(5)), whose addresses and queues are hexadecimal.
inline void awaitAllRead(std::uint16_t port)
{
    for (;;)
    {
        std::ifstream table("/proc/net/udp");
        std::string line;
        std::getline(table, line); // the headings
        bool isEmpty = true;
        while (std::getline(table, line))
        {
            std::istringstream fields(line);
            std::string slot;
            std::string local;
            std::string remote;
            std::string state;
            std::string queues;
            fields >> slot >> local >> remote >> state >> queues;
            const auto localPort = std::stoul(local.substr(local.find(':') + 1), nullptr, 16);
            const auto queued = std::stoul(queues.substr(queues.find(':') + 1), nullptr, 16);
            isEmpty = isEmpty && (localPort != port || queued == 0);
        }
        if (isEmpty)
        {
            return;
        }
        std::this_thread::yield();
    }
}

/// Sends datagrams by plain system calls.
class UdpPeer
{
public:
    /// From that address of this machine, with any port. Multicast goes out at the loopback
    /// interface.
    explicit UdpPeer(std::string_view host = "127.0.0.1")
    {
        const auto own = *SocketAddress::parse(host, 0);
        socket.reset(checkedCall(::socket(own.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
        checkedCall(::bind(socket.get(), own.data(), own.size()), "bind");
        const int loopback = 1; // its index, in every network
        const ip_mreqn request{.imr_multiaddr = {}, .imr_address = {}, .imr_ifindex = loopback};
        if (own.family() == AF_INET6)
        {
            checkedCall(::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, &loopback,
                                     sizeof(loopback)),
                        "IPV6_MULTICAST_IF");
            return;
        }
        checkedCall(
            ::setsockopt(socket.get(), IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request)),
            "IP_MULTICAST_IF");
    }

    void send(std::string_view datagram, const SocketAddress& to) const
    {
        checkedCall(static_cast<int>(::sendto(socket.get(), datagram.data(), datagram.size(), 0,
                                              to.data(), to.size())),
                    "sendto");
    }

    void send(std::string_view datagram, std::uint16_t port) const
    {
        send(datagram, *SocketAddress::parse("127.0.0.1", port));
    }

private:
    OwnedDescriptor socket;
};

} // namespace weft::test
