#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/network_namespace.hpp"
#include "tests/support/own_process.hpp"
#include "tests/support/test_engine.hpp"
#include "udp_peer.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>

#include <net/route.h>
#include <sys/ioctl.h>

/// \file
/// Multicast, over the loopback interface of a network of the test's own.

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class UdpMulticastTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle provide(ParameterTexts texts)
    {
        if (!runtime)
        {
            runtime.emplace(onTestEngine({.reactors = 1, .buffersPerReactor = 8}));
        }
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("port", "0");
        texts.try_emplace("framing", "newline");
        texts.try_emplace("flush_interval", "0");
        return SourceProvider(*runtime).provide(7, SourceDescriptor("feed", "udp", texts));
    }

    std::optional<Runtime> runtime;
    EventLog log;
};

/// IPv6 has none for groups at the loopback interface.
void routeIpv6GroupsToLoopback()
{
    const OwnedDescriptor socket(
        checkedCall(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
    in6_rtmsg route = {};
    route.rtmsg_dst =
        reinterpret_cast<const sockaddr_in6*>(SocketAddress::parse("ff00::", 0)->data())->sin6_addr;
    route.rtmsg_dst_len = 8;
    route.rtmsg_flags = RTF_UP | RTF_LOCAL;
    route.rtmsg_metric = 1;
    route.rtmsg_ifindex = 1;
    checkedCall(::ioctl(socket.get(), SIOCADDRT, &route), "SIOCADDRT");
}

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(UdpMulticastTest);

TEST_P(UdpMulticastTest, groupIsJoinedOnAnInterfaceByNameOrByAddress)
{
    WEFT_IN_OWN_NETWORK();
    for (const auto* const interface : {"lo", "127.0.0.1"})
    {
        EventLog own;
        auto source = provide({{"group", "239.1.2.3"}, {"interface", interface}});
        ASSERT_TRUE(source.start(own.emit()));
        const auto port = portOf(source);
        const UdpPeer peer;
        peer.send("of another group", *SocketAddress::parse("239.1.2.4", port));
        peer.send("of the group", *SocketAddress::parse("239.1.2.3", port));
        own.waitForBytes(13);
        EXPECT_EQ(own.received(), "of the group\n");
        EXPECT_TRUE(source.statistics().endpoint.find(", group 239.1.2.3") != std::string::npos);
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
}

/// By default Linux gives a socket what any other one has joined.
TEST_P(UdpMulticastTest, sourceHearsItsOwnGroupOnlyThoughItIsBoundToAllAddresses)
{
    WEFT_IN_OWN_NETWORK();
    EventLog otherLog;
    auto source = provide({{"group", "239.1.2.3"},
                           {"interface", "lo"},
                           {"address", "0.0.0.0"},
                           {"reuse_port", "true"}});
    ASSERT_TRUE(source.start(log.emit()));
    const auto port = portOf(source);
    auto other = provide({{"group", "239.1.2.4"},
                          {"interface", "lo"},
                          {"address", "0.0.0.0"},
                          {"reuse_port", "true"},
                          {"port", std::to_string(port)}});
    ASSERT_TRUE(other.start(otherLog.emit()));
    portOf(other);
    const UdpPeer peer;
    peer.send("four", *SocketAddress::parse("239.1.2.4", port));
    peer.send("three", *SocketAddress::parse("239.1.2.3", port));
    log.waitForBytes(6);
    otherLog.waitForBytes(5);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(other.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.received(), "three\n");
    EXPECT_EQ(otherLog.received(), "four\n");
}

TEST_P(UdpMulticastTest, sourcesThatReuseThePortAllHearTheGroup)
{
    WEFT_IN_OWN_NETWORK();
    std::array<EventLog, 3> logs;
    std::vector<SourceHandle> sources;
    std::uint16_t port = 0;
    for (auto& own : logs)
    {
        sources.push_back(provide({{"group", "239.1.2.3"},
                                   {"interface", "lo"},
                                   {"reuse_port", "true"},
                                   {"port", std::to_string(port)}}));
        ASSERT_TRUE(sources.back().start(own.emit()));
        port = portOf(sources.back());
    }
    UdpPeer().send("to all", *SocketAddress::parse("239.1.2.3", port));
    for (auto& own : logs)
    {
        own.waitForBytes(7);
        EXPECT_EQ(own.received(), "to all\n");
    }
    EXPECT_EQ(tryStopAll(sources, 10s), TryStopResult::Success);
}

TEST_P(UdpMulticastTest, groupOfOneSenderIsDeafToOthers)
{
    WEFT_IN_OWN_NETWORK();
    auto source = provide({{"group", "232.1.2.3"}, {"interface", "lo"}, {"sender", "127.0.0.2"}});
    ASSERT_TRUE(source.start(log.emit()));
    const auto group = *SocketAddress::parse("232.1.2.3", portOf(source));
    UdpPeer("127.0.0.1").send("from another", group);
    UdpPeer("127.0.0.2").send("from the sender", group);
    log.waitForBytes(16);
    EXPECT_EQ(log.received(), "from the sender\n");
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(UdpMulticastTest, ipv6GroupIsJoinedOnALinkToo)
{
    WEFT_IN_OWN_NETWORK();
    routeIpv6GroupsToLoopback();
    for (const std::string host : {"ff15::1234", "ff02::1234"})
    {
        EventLog own;
        auto source = provide({{"group", host}, {"interface", "lo"}});
        ASSERT_TRUE(source.start(own.emit()));
        const auto port = portOf(source);
        const UdpPeer peer("::1");
        peer.send("other", *SocketAddress::parse("ff15::4321%lo", port));
        peer.send("six", *SocketAddress::parse(host + "%lo", port));
        own.waitForBytes(4);
        EXPECT_EQ(own.received(), "six\n");
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
}

TEST_P(UdpMulticastTest, interfaceThatIsNotThereIsAFailureWithItsName)
{
    auto source = provide({{"group", "239.1.2.3"}, {"interface", "none0"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->message, "find the interface 'none0': No such device");
}

TEST_P(UdpMulticastTest, groupWithoutARouteIsAFailure)
{
    WEFT_IN_OWN_NETWORK();
    auto source = provide({{"group", "239.1.2.3"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->code, errnoError(ENODEV));
    EXPECT_EQ(log.failure()->message, "join 239.1.2.3:0: No such device");
}
