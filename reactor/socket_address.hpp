#pragma once

#include <weft/timers/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

namespace weft
{

/// An IPv4 or IPv6 address with a port, the name of a Unix socket, or any other socket address that
/// the kernel hands out.
class SocketAddress
{
public:
    SocketAddress() noexcept = default;

    /// A copy of `address`, `sizeBytes` long.
    SocketAddress(const sockaddr* address, socklen_t sizeBytes) noexcept;

    /// A numeric IPv4 or IPv6 address ("127.0.0.1", "::1", "fe80::1%eth0"); empty for anything
    /// else, names included.
    static std::optional<SocketAddress> parse(std::string_view host, std::uint16_t port);

    /// A Unix socket's: a path, or "@name" for a name in the abstract namespace; a file whose name
    /// begins with an at sign is "./@name". Empty for a text that is empty or "@", has a NUL byte
    /// or more than UnixNameBytesMax bytes.
    static std::optional<SocketAddress> parseUnix(std::string_view name);

    /// What the kernel has room for: 108 bytes, of which one ends a path or begins an abstract
    /// name.
    static constexpr std::size_t UnixNameBytesMax = 107;

    const sockaddr* data() const noexcept
    {
        return reinterpret_cast<const sockaddr*>(&storage);
    }

    sockaddr* data() noexcept
    {
        return reinterpret_cast<sockaddr*>(&storage);
    }

    socklen_t size() const noexcept
    {
        return sizeBytes;
    }

    /// For system calls that write into data().
    void setSize(socklen_t size) noexcept
    {
        sizeBytes = size;
    }

    static constexpr socklen_t capacity() noexcept
    {
        return sizeof(sockaddr_storage);
    }

    int family() const noexcept
    {
        return storage.ss_family;
    }

    /// Zero for families that have none.
    std::uint16_t port() const noexcept;

    /// "127.0.0.1:9000", "[::1]:9000", "[fe80::1%eth0]:9000", "unix:/run/feed", "unix:@feed",
    /// "unix:(unnamed)".
    std::string toString() const;

private:
    sockaddr_storage storage{};
    socklen_t sizeBytes = 0;
};

/// Errors of name resolution: the EAI_* codes of getaddrinfo(3), with its texts.
const std::error_category& resolverCategory() noexcept;

/// The addresses of a host, in the order in which they should be tried. Numeric addresses are
/// parsed at once; names go through getaddrinfo(3) on the offload pool. A deadline or a stop lets
/// the caller go on; the look-up then runs out by itself. Suspends.
std::expected<std::vector<SocketAddress>, std::error_code>
resolve(const std::string& host, std::uint16_t port, Deadline deadline = NoDeadline);

} // namespace weft
