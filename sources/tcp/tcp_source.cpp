#include <weft/sources/fill_from_stream.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>
#include <weft/sources/tcp/tcp_source.hpp>

#include <fmt/format.h>

WEFT_REGISTER_SOURCE(tcp, weft::TcpSource)

namespace weft
{

std::vector<ParameterDefinition> TcpSource::parameters()
{
    std::vector<ParameterDefinition> definitions{
        {.name = "host",
         .type = ParameterType::Text,
         .help = "name, IPv4 or IPv6 address of the server"},
        {.name = "port",
         .type = ParameterType::Integer,
         .help = "port of the server",
         .least = 1,
         .most = 65535},
        {.name = "connect_timeout",
         .type = ParameterType::Duration,
         .defaultValue = "10s",
         .help = "give up when name resolution and connecting take longer",
         .least = 1'000'000},
        Acknowledgements::parameter(),
        {.name = "tls",
         .type = ParameterType::Boolean,
         .defaultValue = "false",
         .help = "secure the connection with TLS"},
    };
    for (auto& definition : tlsParameters())
    {
        definitions.push_back(std::move(definition));
    }
    for (auto& definition : reconnectParameters())
    {
        definitions.push_back(std::move(definition));
    }
    return definitions;
}

TcpSource::TcpSource(const SourceDescriptor& descriptor)
    : host(descriptor.text("host")),
      port(static_cast<std::uint16_t>(descriptor.integer("port"))),
      connectTimeout(descriptor.duration("connect_timeout")),
      acknowledgements(descriptor)
{
    if (descriptor.boolean("tls"))
    {
        acknowledgements.refuseUnused("a connection with TLS has its own ways; leave it out");
        tls = TlsSettings::from(descriptor, "tls", "true");
    }
    else
    {
        TlsSettings::refuseUnused(descriptor, "give tls: true too");
    }
}

void TcpSource::open()
{
    if (tls)
    {
        secured = ClientStream({.host = host, .port = port, .tls = tls}, io::after(connectTimeout));
        return;
    }
    auto connected = TcpStream::connect(host, port, io::after(connectTimeout));
    if (!connected)
    {
        throw SourceError(connected.error(), fmt::format("connect to {}", peer()));
    }
    stream = std::move(*connected);
    acknowledgements.applyTo(stream);
}

FillStatus TcpSource::fillBuffer(Fill& fill)
{
    if (!stream.isOpen())
    {
        return fillSecured(fill);
    }
    const auto status = fillFromStream(fill, stream);
    if (!status)
    {
        throw SourceError(status.error(), fmt::format("receive from {}", peer()));
    }
    return *status;
}

/// TLS gives out no more than a record at a time, so there is one buffer to fill.
FillStatus TcpSource::fillSecured(Fill& fill)
{
    while (fill.wantsMore())
    {
        const auto received = secured.receive(fill.rest(), fill.deadline());
        if (!received)
        {
            break;
        }
        if (*received == 0)
        {
            return FillStatus::EndOfStream;
        }
        fill.advance(*received);
    }
    return FillStatus::More;
}

void TcpSource::close()
{
    if (const auto closed = tls ? secured.close() : stream.close(); !closed)
    {
        throw SourceError(closed.error(), fmt::format("close connection to {}", peer()));
    }
}

std::string TcpSource::describe() const
{
    if (tls)
    {
        return secured.describe() + ", TLS";
    }
    return fmt::format("{} -> {}", stream.localAddress().toString(),
                       stream.peerAddress().toString());
}

StackClass TcpSource::stackClass() const noexcept
{
    return tls ? StackClass::Medium : StackClass::Small;
}

std::string TcpSource::peer() const
{
    return fmt::format("{}:{}", host, port);
}

} // namespace weft
