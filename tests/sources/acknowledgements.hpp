#pragma once

#include <weft/reactor/socket_address.hpp>

#include <filesystem>
#include <optional>
#include <string>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace weft::test
{

/// Whether this process's end of its connection to `peer` acknowledges at once (TCP_QUICKACK,
/// tcp(7)); nothing when it has none.
inline std::optional<bool> acknowledgesAtOnce(const SocketAddress& peer)
{
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    {
        const int descriptor = std::stoi(entry.path().filename());
        SocketAddress address;
        auto size = SocketAddress::capacity();
        if (::getpeername(descriptor, address.data(), &size) != 0)
        {
            continue;
        }
        address.setSize(size);
        int quick = 0;
        socklen_t quickSize = sizeof(quick);
        if (address.toString() == peer.toString() &&
            ::getsockopt(descriptor, IPPROTO_TCP, TCP_QUICKACK, &quick, &quickSize) == 0)
        {
            return quick != 0;
        }
    }
    return std::nullopt;
}

} // namespace weft::test
