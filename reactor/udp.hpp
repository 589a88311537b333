#pragma once

#include <weft/reactor/io.hpp>
#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/socket_address.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace weft
{

/// A socket that receives UDP datagrams. Calls behave as those in io.hpp; one fiber receives.
class UdpSocket
{
public:
    /// More than any datagram has, with IPv4 and with IPv6.
    static constexpr std::size_t DatagramBytesMost = 65535;

    struct Options
    {
        /// Other sockets of this user that ask for it, too, may have the same address and port:
        /// each sender is given to one of them, a multicast datagram to all.
        bool sharesPort = false;
        /// Asked of the kernel for what has come and has not been received; zero: as it is set up.
        std::size_t receiveBufferBytes = 0;
    };

    /// Owns nothing.
    UdpSocket() noexcept = default;

    /// Port zero lets the kernel choose: see localAddress(). Does not suspend.
    static io::Result<UdpSocket> bind(const SocketAddress& address, const Options& options);

    /// Receives what is sent to a multicast group, on one interface (zero: where the route to the
    /// group goes) and from one sender or all. Does not suspend.
    io::Result<void> join(const SocketAddress& group, unsigned interfaceIndex = 0,
                          const std::optional<SocketAddress>& sender = std::nullopt) const;

    /// One datagram into the buffers, in order, and its size, which may be zero. What they have no
    /// room for is lost. `flags` as for recvmsg(2): with MSG_DONTWAIT the error is EAGAIN when
    /// nothing has arrived. Suspends.
    io::Result<std::size_t> receive(std::span<const iovec> buffers, Deadline deadline = NoDeadline,
                                    int flags = 0);

    /// Datagrams for which the kernel had no room, as the one that was received last tells: those
    /// before it came.
    std::uint64_t datagramsLost() const noexcept
    {
        return lost;
    }

    /// Up to now. Does not suspend.
    std::uint64_t countDatagramsLost() noexcept;

    /// What the kernel has granted, its own records of each datagram included.
    std::size_t receiveBufferBytes() const noexcept;

    SocketAddress localAddress() const noexcept;

    int descriptor() const noexcept
    {
        return socket.get();
    }

    /// Suspends.
    io::Result<void> close();

private:
    void noteLost(std::uint32_t kernelCount) noexcept;

    OwnedDescriptor socket;
    std::uint64_t lost = 0;
};

/// The number of a network interface, by its name or by an address that it has; nothing when there
/// is none. Does not suspend.
std::optional<unsigned> findInterface(const std::string& nameOrAddress);

} // namespace weft
