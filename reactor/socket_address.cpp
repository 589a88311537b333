#include <weft/memory/assert.hpp>
#include <weft/reactor/machine.hpp>
#include <weft/reactor/offload.hpp>
#include <weft/reactor/socket_address.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <sys/un.h>

namespace weft
{

namespace
{

using Addresses = std::expected<std::vector<SocketAddress>, std::error_code>;

class ResolverCategory final : public std::error_category
{
public:
    const char* name() const noexcept override
    {
        return "resolver";
    }

    std::string message(int value) const override
    {
        return ::gai_strerror(value);
    }
};

/// "%eth0"; empty for an address that is good on every interface.
std::string scopeText(std::uint32_t scopeId)
{
    std::array<char, IF_NAMESIZE> name{};
    if (scopeId == 0)
    {
        return {};
    }
    // An interface that has gone leaves only its number.
    return ::if_indextoname(scopeId, name.data()) != nullptr ? fmt::format("%{}", name.data())
                                                             : fmt::format("%{}", scopeId);
}

constexpr std::size_t UnixNameOffset = offsetof(sockaddr_un, sun_path);

std::string unixName(const sockaddr_un& address, std::size_t addressSizeBytes)
{
    if (addressSizeBytes <= UnixNameOffset)
    {
        return "(unnamed)";
    }
    const std::string_view name(address.sun_path, addressSizeBytes - UnixNameOffset);
    return name.front() == '\0' ? fmt::format("@{}", name.substr(1))
                                : std::string(name.substr(0, name.find('\0')));
}

template <typename Address>
SocketAddress copyOf(const Address& address) noexcept
{
    return {reinterpret_cast<const sockaddr*>(&address), sizeof(address)};
}

} // namespace

SocketAddress::SocketAddress(const sockaddr* address, socklen_t addressSizeBytes) noexcept
    : sizeBytes(addressSizeBytes)
{
    WEFT_ASSERT(addressSizeBytes <= capacity());
    std::memcpy(&storage, address, addressSizeBytes);
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view host, std::uint16_t port)
{
    // At which the calls below would end the text, and take what is before it.
    if (host.find('\0') != std::string_view::npos)
    {
        return std::nullopt;
    }
    sockaddr_in ipv4 = {};
    if (::inet_pton(AF_INET, std::string(host).c_str(), &ipv4.sin_addr) == 1)
    {
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(port);
        return copyOf(ipv4);
    }
    const auto scopeAt = std::min(host.find('%'), host.size());
    sockaddr_in6 ipv6 = {};
    if (::inet_pton(AF_INET6, std::string(host.substr(0, scopeAt)).c_str(), &ipv6.sin6_addr) != 1)
    {
        return std::nullopt;
    }
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port);
    if (scopeAt != host.size())
    {
        ipv6.sin6_scope_id = ::if_nametoindex(std::string(host.substr(scopeAt + 1)).c_str());
        if (ipv6.sin6_scope_id == 0)
        {
            return std::nullopt;
        }
    }
    return copyOf(ipv6);
}

std::optional<SocketAddress> SocketAddress::parseUnix(std::string_view name)
{
    static_assert(UnixNameBytesMax + 1 == sizeof(sockaddr_un::sun_path));
    const bool isAbstract = name.starts_with('@');
    if (name.size() <= (isAbstract ? 1 : 0) || name.size() > UnixNameBytesMax ||
        name.find('\0') != std::string_view::npos)
    {
        return std::nullopt;
    }
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::ranges::copy(name, address.sun_path);
    if (isAbstract)
    {
        address.sun_path[0] = '\0';
    }
    // An abstract name is as long as the address says; a path ends with a NUL.
    const auto sizeBytes = UnixNameOffset + name.size() + (isAbstract ? 0 : 1);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&address),
                         static_cast<socklen_t>(sizeBytes));
}

std::uint16_t SocketAddress::port() const noexcept
{
    switch (family())
    {
    case AF_INET:
        return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
    case AF_INET6:
        return ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
    default:
        return 0;
    }
}

std::string SocketAddress::toString() const
{
    std::array<char, INET6_ADDRSTRLEN> host{};
    switch (family())
    {
    case AF_INET:
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, host.data(),
                    host.size());
        return fmt::format("{}:{}", host.data(), port());
    case AF_INET6:
        ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr,
                    host.data(), host.size());
        return fmt::format("[{}{}]:{}", host.data(),
                           scopeText(reinterpret_cast<const sockaddr_in6&>(storage).sin6_scope_id),
                           port());
    case AF_UNIX:
        return "unix:" + unixName(reinterpret_cast<const sockaddr_un&>(storage), sizeBytes);
    default:
        return "(no internet address)";
    }
}

const std::error_category& resolverCategory() noexcept
{
    static const ResolverCategory category;
    return category;
}

Addresses resolve(const std::string& host, std::uint16_t port, Deadline deadline)
{
    if (const auto numeric = SocketAddress::parse(host, port))
    {
        return std::vector{*numeric};
    }
    if (host.find('\0') != std::string::npos) // as above
    {
        return std::unexpected(std::error_code(EAI_NONAME, resolverCategory()));
    }
    auto answer = offloadAbandonable(
        [&machine = Machine::current(), host, port]
        {
            return machine.lookUp(host, port);
        },
        deadline);
    if (!answer)
    {
        return std::unexpected(answer.error());
    }
    return std::move(*answer);
}

} // namespace weft
