#include <weft/reactor/socket_address.hpp>

#include "tests/fuzz/fuzz_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

/// Numeric addresses: the first two bytes are the port, the rest the host. And names of Unix
/// sockets.

namespace weft::fuzz
{

namespace
{

bool isSame(const SocketAddress& address, const SocketAddress& other)
{
    return address.size() == other.size() &&
           std::memcmp(address.data(), other.data(), address.size()) == 0;
}

/// "127.0.0.1:9000" is "127.0.0.1", "[::1]:9000" is "::1".
std::string_view hostOf(std::string_view printed)
{
    auto host = printed.substr(0, printed.rfind(':'));
    if (host.starts_with('[') && host.ends_with(']'))
    {
        host.remove_prefix(1);
        host.remove_suffix(1);
    }
    return host;
}

void checkNumeric(std::string_view input)
{
    constexpr std::size_t PortBytes = 2;
    std::uint16_t port = 0;
    std::ranges::copy(input.substr(0, PortBytes), reinterpret_cast<char*>(&port));
    const auto host = input.substr(std::min(PortBytes, input.size()));
    const auto address = SocketAddress::parse(host, port);
    if (!address)
    {
        return;
    }
    require(address->family() == AF_INET || address->family() == AF_INET6,
            "an address is of version 4 or 6", host);
    require(address->port() == port, "the port is the one given", host);
    const bool allowed = std::ranges::all_of(host.substr(0, host.find('%')),
                                             [](unsigned char character)
                                             {
                                                 return std::isxdigit(character) != 0 ||
                                                        character == ':' || character == '.';
                                             });
    require(allowed && host.find('\0') == std::string_view::npos,
            "an address has nothing but digits, dots and colons before its scope", host);
    const auto printed = address->toString();
    const auto again = SocketAddress::parse(hostOf(printed), port);
    require(again && isSame(*again, *address), "a printed address parses to the same", printed);
}

void checkUnix(std::string_view name)
{
    const auto address = SocketAddress::parseUnix(name);
    const bool named = !name.empty() && name != "@" && name.find('\0') == std::string_view::npos &&
                       name.size() <= SocketAddress::UnixNameBytesMax;
    require(address.has_value() == named, "a name is refused exactly when it is none", name);
    require(!address || address->toString() == fmt::format("unix:{}", name),
            "a name is printed as it was given", name);
}

void checkSocketAddress(std::string_view input)
{
    checkNumeric(input);
    checkUnix(input);
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(socket_address, weft::fuzz::checkSocketAddress)
