#include <weft/sources/fill_from_stream.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>
#include <weft/sources/tcp_listen/tcp_listen_source.hpp>

#include <fmt/format.h>

#include <utility>

WEFT_REGISTER_SOURCE(tcp_listen, weft::TcpListenSource)

namespace weft
{

namespace
{

class TcpConnection final : public Source
{
public:
    TcpConnection(const TcpListener& ownListener, Acknowledgements itsAcknowledgements)
        : listener(ownListener),
          acknowledgements(itsAcknowledgements)
    {
    }

    void open() override
    {
        auto accepted = listener.accept();
        if (!accepted)
        {
            throw SourceError(accepted.error(),
                              "accept a connection on " + listener.localAddress().toString());
        }
        stream = std::move(*accepted);
        acknowledgements.applyTo(stream);
        peer = stream.peerAddress().toString();
    }

    FillStatus fillBuffer(Fill& fill) override
    {
        const auto status = fillFromStream(fill, stream);
        if (!status)
        {
            throw SourceError(status.error(), "receive from " + peer);
        }
        return *status;
    }

    void close() override
    {
        if (const auto closed = stream.close(); !closed)
        {
            throw SourceError(closed.error(), "close connection from " + peer);
        }
    }

    std::string describe() const override
    {
        return peer;
    }

private:
    const TcpListener& listener;
    const Acknowledgements acknowledgements;
    TcpStream stream;
    std::string peer;
};

} // namespace

std::vector<ParameterDefinition> TcpListenSource::parameters()
{
    std::vector<ParameterDefinition> definitions{
        {.name = "host",
         .defaultValue = "127.0.0.1",
         .help = "name or address of this machine to listen on; 0.0.0.0 or ::, all of them"},
        {.name = "port",
         .type = ParameterType::Integer,
         .help = "port to listen on; 0: the kernel chooses",
         .most = 65535},
        {.name = "reuse_port",
         .type = ParameterType::Boolean,
         .defaultValue = "false",
         .help = "others may listen on the port too; the kernel spreads connections over them"},
        Acknowledgements::parameter(),
    };
    for (auto& definition : ConnectionLimits::parameters())
    {
        definitions.push_back(std::move(definition));
    }
    return definitions;
}

TcpListenSource::TcpListenSource(const SourceDescriptor& descriptor)
    : host(descriptor.text("host")),
      port(static_cast<std::uint16_t>(descriptor.integer("port"))),
      reusePort(descriptor.boolean("reuse_port")),
      acknowledgements(descriptor),
      connectionLimits(ConnectionLimits::from(descriptor))
{
}

void TcpListenSource::open()
{
    const auto addresses = resolve(host, port);
    if (!addresses)
    {
        throw SourceError(addresses.error(), fmt::format("listen on {}:{}", host, port));
    }
    const auto& address = addresses->front();
    auto listening = TcpListener::listen(address, connectionLimits.backlog, reusePort);
    if (!listening)
    {
        throw SourceError(listening.error(), fmt::format("listen on {}", address.toString()));
    }
    listener = std::move(*listening);
}

void TcpListenSource::close()
{
    const auto address = listener.localAddress();
    if (const auto closed = listener.close(); !closed)
    {
        throw SourceError(closed.error(), fmt::format("stop listening on {}", address.toString()));
    }
}

std::string TcpListenSource::describe() const
{
    return fmt::format("listening on {}", listener.localAddress().toString());
}

std::unique_ptr<Source> TcpListenSource::nextConnection()
{
    return std::make_unique<TcpConnection>(listener, acknowledgements);
}

} // namespace weft
