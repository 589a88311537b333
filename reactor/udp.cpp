#include <weft/reactor/udp.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <ifaddrs.h>
#include <linux/sock_diag.h>
#include <net/if.h>

namespace weft
{

namespace
{

template <typename T>
bool set(const OwnedDescriptor& socket, int level, int option, const T& value) noexcept
{
    return ::setsockopt(socket.get(), level, option, &value, sizeof(value)) == 0;
}

io::Result<void> lastError()
{
    return std::unexpected(errnoError(errno));
}

/// The address without its port.
bool isSameHost(const sockaddr& one, const sockaddr& other) noexcept
{
    if (one.sa_family != other.sa_family)
    {
        return false;
    }
    if (one.sa_family == AF_INET)
    {
        return reinterpret_cast<const sockaddr_in&>(one).sin_addr.s_addr ==
               reinterpret_cast<const sockaddr_in&>(other).sin_addr.s_addr;
    }
    return one.sa_family == AF_INET6 &&
           std::memcmp(&reinterpret_cast<const sockaddr_in6&>(one).sin6_addr,
                       &reinterpret_cast<const sockaddr_in6&>(other).sin6_addr,
                       sizeof(in6_addr)) == 0;
}

} // namespace

io::Result<UdpSocket> UdpSocket::bind(const SocketAddress& address, const Options& options)
{
    UdpSocket udp;
    // Blocking mode, as for TCP.
    udp.socket.reset(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto refused = []
    {
        return std::unexpected(errnoError(errno));
    };
    if (!udp.socket)
    {
        return refused();
    }
    const int yes = 1;
    const int no = 0;
    if (options.sharesPort && (!set(udp.socket, SOL_SOCKET, SO_REUSEADDR, yes) ||
                               !set(udp.socket, SOL_SOCKET, SO_REUSEPORT, yes)))
    {
        return refused();
    }
    if (options.receiveBufferBytes > 0)
    {
        // The kernel doubles it, for its own records, and grants less rather than to refuse.
        const auto most = static_cast<std::size_t>(std::numeric_limits<int>::max() / 2);
        set(udp.socket, SOL_SOCKET, SO_RCVBUF,
            static_cast<int>(std::min(options.receiveBufferBytes, most)));
    }
    set(udp.socket, SOL_SOCKET, SO_RXQ_OVFL, yes);
    // Only of the groups that this socket has joined, whatever others on the machine have.
    set(udp.socket, IPPROTO_IP, IP_MULTICAST_ALL, no);
    if (address.family() == AF_INET6)
    {
        set(udp.socket, IPPROTO_IPV6, IPV6_MULTICAST_ALL, no);
    }
    if (::bind(udp.socket.get(), address.data(), address.size()) != 0)
    {
        return refused();
    }
    return udp;
}

io::Result<void> UdpSocket::join(const SocketAddress& group, unsigned interfaceIndex,
                                 const std::optional<SocketAddress>& sender) const
{
    const int level = group.family() == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
    group_source_req request = {};
    request.gsr_interface = interfaceIndex;
    std::memcpy(&request.gsr_group, group.data(), group.size());
    if (sender)
    {
        std::memcpy(&request.gsr_source, sender->data(), sender->size());
        return set(socket, level, MCAST_JOIN_SOURCE_GROUP, request) ? io::Result<void>()
                                                                    : lastError();
    }
    const group_req all{.gr_interface = request.gsr_interface, .gr_group = request.gsr_group};
    return set(socket, level, MCAST_JOIN_GROUP, all) ? io::Result<void>() : lastError();
}

io::Result<std::size_t> UdpSocket::receive(std::span<const iovec> buffers, Deadline deadline,
                                           int flags)
{
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(std::uint32_t))> control;
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(buffers.data());
    message.msg_iovlen = buffers.size();
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto received = io::recvmsg(socket.get(), message, flags, deadline);
    if (!received)
    {
        return received;
    }
    // Only there when datagrams have been lost.
    const auto* const header = CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_RXQ_OVFL)
    {
        std::uint32_t count = 0;
        std::memcpy(&count, CMSG_DATA(header), sizeof(count));
        noteLost(count);
    }
    return received;
}

std::uint64_t UdpSocket::countDatagramsLost() noexcept
{
    std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
    socklen_t size = sizeof(info);
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_MEMINFO, info.data(), &size) == 0 &&
        size > SK_MEMINFO_DROPS * sizeof(info[0]))
    {
        noteLost(info[SK_MEMINFO_DROPS]);
    }
    return lost;
}

/// The kernel's count begins again after four billion.
void UdpSocket::noteLost(std::uint32_t kernelCount) noexcept
{
    lost += kernelCount - static_cast<std::uint32_t>(lost);
}

std::size_t UdpSocket::receiveBufferBytes() const noexcept
{
    int bytes = 0;
    socklen_t size = sizeof(bytes);
    ::getsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &bytes, &size);
    return static_cast<std::size_t>(bytes);
}

SocketAddress UdpSocket::localAddress() const noexcept
{
    SocketAddress address;
    auto size = SocketAddress::capacity();
    if (::getsockname(socket.get(), address.data(), &size) == 0)
    {
        address.setSize(size);
    }
    return address;
}

io::Result<void> UdpSocket::close()
{
    return io::close(std::move(socket));
}

std::optional<unsigned> findInterface(const std::string& nameOrAddress)
{
    const auto address = SocketAddress::parse(nameOrAddress, 0);
    if (!address)
    {
        const auto index = ::if_nametoindex(nameOrAddress.c_str());
        return index != 0 ? std::optional(index) : std::nullopt;
    }
    ifaddrs* listed = nullptr;
    if (::getifaddrs(&listed) != 0)
    {
        return std::nullopt;
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(listed, &::freeifaddrs);
    for (const auto* entry = listed; entry != nullptr; entry = entry->ifa_next)
    {
        if (entry->ifa_addr != nullptr && isSameHost(*entry->ifa_addr, *address->data()))
        {
            return ::if_nametoindex(entry->ifa_name);
        }
    }
    return std::nullopt;
}

} // namespace weft
