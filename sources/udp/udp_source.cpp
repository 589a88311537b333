#include <weft/fibers/this_fiber.hpp>
#include <weft/sources/quantity.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>
#include <weft/sources/udp/udp_source.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>

WEFT_REGISTER_SOURCE(udp, weft::UdpSource)

namespace weft
{

namespace
{

constexpr std::size_t LengthBytes = 4;
constexpr std::size_t SpillBytes = LengthBytes + UdpSocket::DatagramBytesMost + 1;

bool isMulticast(const SocketAddress& address) noexcept
{
    if (address.family() == AF_INET)
    {
        const auto& ipv4 = *reinterpret_cast<const sockaddr_in*>(address.data());
        return IN_MULTICAST(ntohl(ipv4.sin_addr.s_addr));
    }
    const auto& ipv6 = *reinterpret_cast<const sockaddr_in6*>(address.data());
    return IN6_IS_ADDR_MULTICAST(&ipv6.sin6_addr);
}

/// Nothing when the parameter is empty.
std::optional<SocketAddress> readAddress(const SourceDescriptor& descriptor,
                                         const std::string& parameter, std::uint16_t port)
{
    const auto& text = descriptor.text(parameter);
    if (text.empty())
    {
        return std::nullopt;
    }
    const auto address = SocketAddress::parse(text, port);
    if (!address)
    {
        throw InvalidParameter(
            parameter, fmt::format("is '{}'; allowed: a numeric IPv4 or IPv6 address", text));
    }
    return address;
}

template <typename T>
T require(io::Result<T> result, const std::string& what)
{
    if (!result)
    {
        throw SourceError(result.error(), what);
    }
    if constexpr (!std::is_void_v<T>)
    {
        return std::move(*result);
    }
}

} // namespace

std::vector<ParameterDefinition> UdpSource::parameters()
{
    std::vector<ParameterDefinition> definitions{
        {.name = "port",
         .type = ParameterType::Integer,
         .help = "port to receive at; 0: one that the kernel chooses",
         .most = 65535},
        {.name = "address",
         .defaultValue = "",
         .help = "IPv4 or IPv6 address of this machine to receive at; none: the group's, or all "
                 "IPv4 addresses (0.0.0.0); '::' for all of both"},
        {.name = "group",
         .defaultValue = "",
         .help = "multicast group to join, an IPv4 or IPv6 address"},
        {.name = "interface",
         .defaultValue = "",
         .help = "where to join it: an interface's name or address; none: as the route goes"},
        {.name = "sender",
         .defaultValue = "",
         .help = "only what this address sends to the group (source-specific multicast)"},
        {.name = "reuse_port",
         .type = ParameterType::Boolean,
         .defaultValue = "false",
         .help =
             "others may have the same port: each sender goes to one of them, multicast to all"},
        {.name = "receive_buffer",
         .type = ParameterType::Size,
         .defaultValue = "0",
         .help = "what the kernel may hold of what is not read yet; 0: net.core.rmem_default",
         .most = 1 << 30},
        {.name = "framing",
         .defaultValue = "none",
         .help =
             "none: datagrams end to end; newline: one after each; length: 4 bytes before each, "
             "big-endian",
         .choices = {"none", "newline", "length"}},
    };
    for (auto& definition : reconnectParameters())
    {
        definitions.push_back(std::move(definition));
    }
    return definitions;
}

UdpSource::UdpSource(const SourceDescriptor& descriptor)
    : interface(descriptor.text("interface")),
      framing(framingOf(descriptor)),
      options{.sharesPort = descriptor.boolean("reuse_port"),
              .receiveBufferBytes = descriptor.sizeBytes("receive_buffer")}
{
    const auto port = static_cast<std::uint16_t>(descriptor.integer("port"));
    group = readAddress(descriptor, "group", port);
    sender = readAddress(descriptor, "sender", 0);
    const auto wanted = readAddress(descriptor, "address", port);
    address = wanted ? *wanted : group ? *group : *SocketAddress::parse("0.0.0.0", port);
    if (group && !isMulticast(*group))
    {
        throw InvalidParameter("group", fmt::format("is '{}'; allowed: 224.0.0.0 to "
                                                    "239.255.255.255, or one that begins with ff",
                                                    descriptor.text("group")));
    }
    for (const auto* const parameter : {"interface", "sender"})
    {
        if (!group && !descriptor.text(parameter).empty())
        {
            throw InvalidParameter(parameter, fmt::format("is '{}', but no group is joined; give "
                                                          "group too",
                                                          descriptor.text(parameter)));
        }
    }
    for (const auto& [parameter, other] :
         {std::pair("address", wanted), std::pair("sender", sender)})
    {
        if (group && other && other->family() != group->family())
        {
            throw InvalidParameter(
                parameter,
                fmt::format("is '{}'; allowed: an IPv{} address, as the group is one",
                            descriptor.text(parameter), group->family() == AF_INET ? 4 : 6));
        }
    }
}

UdpSource::Framing UdpSource::framingOf(const SourceDescriptor& descriptor)
{
    const auto& text = descriptor.text("framing");
    return text == "newline"  ? Framing::Newline
           : text == "length" ? Framing::Length
                              : Framing::None;
}

void UdpSource::open()
{
    if (!spill)
    {
        spill = std::make_unique_for_overwrite<std::byte[]>(SpillBytes);
    }
    pending = {};
    queued = true;
    const auto index = interface.empty() ? std::optional(0U) : findInterface(interface);
    if (!index)
    {
        throw SourceError(errnoError(ENODEV), fmt::format("find the interface '{}'", interface));
    }
    if (address.family() == AF_INET6 && *index != 0)
    {
        // Addresses of a link are nothing without it; others do not mind.
        reinterpret_cast<sockaddr_in6*>(address.data())->sin6_scope_id = *index;
    }
    auto bound = require(UdpSocket::bind(address, options),
                         fmt::format("receive at {}", address.toString()));
    if (group)
    {
        require(bound.join(*group, *index, sender),
                fmt::format("join {}{}", group->toString(),
                            interface.empty() ? "" : fmt::format(" on '{}'", interface)));
    }
    socket = std::move(bound);
}

FillStatus UdpSource::fillBuffer(Fill& fill)
{
    if (queued && this_fiber::onReactor())
    {
        // To take what has come already suspends nobody: the others first.
        this_fiber::yield();
    }
    while (fill.wantsMore())
    {
        if (pending.empty())
        {
            const auto received = receive(fill);
            if (!received && gaveUp(received.error()))
            {
                break;
            }
            if (!received)
            {
                throw SourceError(received.error(),
                                  fmt::format("receive at {}", address.toString()));
            }
        }
        if (!movePending(fill))
        {
            break;
        }
    }
    return FillStatus::More;
}

/// One datagram, as a record of the buffer; as the pending one if it does not fit. No pauses to
/// let datagrams gather: what the socket has no room for is lost.
io::Result<void> UdpSource::receive(Fill& fill)
{
    const auto rest = fill.rest();
    const auto head = headBytes();
    const auto room =
        std::min(rest.size() - std::min(head, rest.size()), UdpSocket::DatagramBytesMost);
    // The second part lies in the spill where the first one would end there.
    const std::array<iovec, 2> parts{
        iovec{.iov_base = rest.data() + std::min(head, rest.size()), .iov_len = room},
        iovec{.iov_base = spill.get() + head + room,
              .iov_len = UdpSocket::DatagramBytesMost - room},
    };
    const auto received = socket.receive(parts, fill.deadline(), queued ? MSG_DONTWAIT : 0);
    if (!received)
    {
        const bool wasEmpty = received.error() == std::errc::resource_unavailable_try_again;
        queued = queued && !wasEmpty;
        if (!wasEmpty)
        {
            return std::unexpected(received.error());
        }
        return {};
    }
    queued = true;
    const auto recordBytes = head + *received + tailBytes();
    if (recordBytes <= rest.size())
    {
        frame(rest.data(), *received);
        fill.advance(recordBytes);
        return {};
    }
    std::memcpy(spill.get() + head, parts[0].iov_base, std::min(room, *received));
    frame(spill.get(), *received);
    pending = {spill.get(), recordBytes};
    return {};
}

/// False when the buffer must go first.
bool UdpSource::movePending(Fill& fill) noexcept
{
    const auto rest = fill.rest();
    if (pending.size() > rest.size() && fill.sizeBytes() > 0)
    {
        return false;
    }
    const auto count = std::min(pending.size(), rest.size());
    std::ranges::copy(pending.first(count), rest.begin());
    pending = pending.subspan(count);
    fill.advance(count);
    return true;
}

std::size_t UdpSource::headBytes() const noexcept
{
    return framing == Framing::Length ? LengthBytes : 0;
}

std::size_t UdpSource::tailBytes() const noexcept
{
    return framing == Framing::Newline ? 1 : 0;
}

/// What goes before and after a datagram.
void UdpSource::frame(std::byte* record, std::size_t datagramBytes) const noexcept
{
    if (framing == Framing::Newline)
    {
        record[datagramBytes] = std::byte{'\n'};
    }
    else if (framing == Framing::Length)
    {
        const auto length = htonl(static_cast<std::uint32_t>(datagramBytes));
        std::memcpy(record, &length, sizeof(length));
    }
}

void UdpSource::close()
{
    // One that was received, and for which no buffer came any more, is lost too.
    lostBefore += socket.countDatagramsLost() + (pending.empty() ? 0 : 1);
    const auto closed = socket.close();
    socket = {};
    require(closed, fmt::format("close {}", address.toString()));
}

std::string UdpSource::describe() const
{
    // The kernel counts its own records, too, and says twice what it was asked for.
    const auto granted = socket.receiveBufferBytes() / 2;
    auto text =
        fmt::format("{}{}, receive buffer {}", socket.localAddress().toString(),
                    group ? fmt::format(", group {}", group->toString()) : "", formatSize(granted));
    if (granted < options.receiveBufferBytes)
    {
        text += fmt::format(" of {}: net.core.rmem_max allows no more",
                            formatSize(options.receiveBufferBytes));
    }
    return text;
}

} // namespace weft
