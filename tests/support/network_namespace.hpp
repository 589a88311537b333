#pragma once

#include "tests/support/own_process.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

/// \file
/// A network that a test may break as it likes. In a process of the test's own (own_process.hpp),
/// before it starts threads: a thread is born into the network of the one that starts it.

namespace weft
{

/// Brings the loopback interface up.
inline void bringLoopbackUp()
{
    const auto socket = tcpSocket();
    ifreq request = {};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    checkedCall(::ioctl(socket.get(), SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
}

/// Gives the loopback interface one more IPv4 address.
inline void addAddress(const std::string& address)
{
    const auto socket = tcpSocket();
    const auto parsed = *SocketAddress::parse(address, 0);
    ifreq request = {};
    std::strcpy(request.ifr_name, "lo:1");
    std::memcpy(&request.ifr_addr, parsed.data(), sizeof(request.ifr_addr));
    checkedCall(::ioctl(socket.get(), SIOCSIFADDR, &request), "SIOCSIFADDR");
}

/// Moves the calling thread into a network namespace of its own, which has the loopback interface
/// and nothing else. Answers why not when the machine does not permit it.
inline std::optional<std::string> enterEmptyNetwork()
{
    if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
    {
        return std::string("no network namespace is to be had: ") + std::strerror(errno);
    }
    bringLoopbackUp();
    return std::nullopt;
}

/// Sets net.ipv4.<name> of the calling thread's network.
inline void setIpv4Option(const std::string& name, const std::string& value)
{
    std::ofstream file("/proc/sys/net/ipv4/" + name);
    file << value << std::flush;
    if (!file)
    {
        throw std::runtime_error("cannot set net.ipv4." + name + " to " + value);
    }
}

/// Adds a route to one IPv4 address that answers with an error: RTN_UNREACHABLE, RTN_PROHIBIT.
inline void addFailingRoute(const char* address, unsigned char type)
{
    struct
    {
        nlmsghdr header;
        rtmsg route;
        rtattr attribute;
        in_addr destination;
    } request = {};

    request.header.nlmsg_len = sizeof(request);
    request.header.nlmsg_type = RTM_NEWROUTE;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
    request.route.rtm_family = AF_INET;
    request.route.rtm_dst_len = 32;
    request.route.rtm_table = RT_TABLE_MAIN;
    request.route.rtm_protocol = RTPROT_STATIC;
    request.route.rtm_scope = RT_SCOPE_UNIVERSE;
    request.route.rtm_type = type;
    request.attribute.rta_len = RTA_LENGTH(sizeof(request.destination));
    request.attribute.rta_type = RTA_DST;
    ::inet_pton(AF_INET, address, &request.destination);

    const OwnedDescriptor socket(
        checkedCall(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "socket"));
    checkedCall(static_cast<int>(::send(socket.get(), &request, sizeof(request), 0)), "send");

    struct
    {
        nlmsghdr header;
        nlmsgerr answer;
        std::array<char, 256> rest;
    } reply = {};

    checkedCall(static_cast<int>(::recv(socket.get(), &reply, sizeof(reply), 0)), "recv");
    if (reply.answer.error != 0)
    {
        throw std::system_error(-reply.answer.error, std::system_category(), "add a route");
    }
}

} // namespace weft

/// Begins a test in a process and a network of its own; skips it where the machine refuses them.
#define WEFT_IN_OWN_NETWORK()                                                                      \
    if (!inOwnProcess())                                                                           \
    {                                                                                              \
        return;                                                                                    \
    }                                                                                              \
    if (const auto refusal = enterEmptyNetwork())                                                  \
    {                                                                                              \
        GTEST_SKIP() << *refusal;                                                                  \
    }
