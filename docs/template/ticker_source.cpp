#include <weft/reactor/tcp.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>

#include <algorithm>
#include <iterator>

class TickerSource final : public weft::Source
{
public:
    static constexpr const char* TypeHelp = "prices of one symbol from a ticker server";

    static std::vector<weft::ParameterDefinition> parameters()
    {
        std::vector<weft::ParameterDefinition> definitions{
            {.name = "host", .help = "address of the server"},
            {.name = "port", .type = weft::ParameterType::Integer, .help = "its port",
             .least = 1, .most = 65535},
            {.name = "symbol", .defaultValue = "ALL", .help = "what to ask for"}};
        // Opened again after errors that may pass, where the user asks for it.
        std::ranges::move(weft::reconnectParameters(), std::back_inserter(definitions));
        return definitions;
    }

    explicit TickerSource(const weft::SourceDescriptor& descriptor)
        : host(descriptor.text("host")), port(descriptor.integer("port")),
          request(descriptor.text("symbol") + "\n")
    {
    }

    void open() override
    {
        auto connected = weft::TcpStream::connect(host, port, weft::io::after(std::chrono::seconds(5)));
        if (!connected)
        {
            throw weft::SourceError(connected.error(), "connect to " + host);
        }
        stream = std::move(*connected);
        if (const auto sent = stream.sendAll(std::as_bytes(std::span(request))); !sent)
        {
            throw weft::SourceError(sent.error(), "ask " + host);
        }
    }

    weft::FillStatus fillBuffer(weft::Fill& fill) override
    {
        while (fill.wantsMore())
        {
            const auto received = stream.receive(fill.rest(), fill.deadline());
            if (!received && weft::gaveUp(received.error()))
            {
                break; // the flush is due, or a stop has come: what is there is delivered
            }
            if (!received)
            {
                throw weft::SourceError(received.error(), "receive from " + host);
            }
            if (*received == 0)
            {
                return weft::FillStatus::EndOfStream;
            }
            fill.advance(*received);
        }
        return weft::FillStatus::More;
    }

    void close() override
    {
        stream = {};
    }

private:
    std::string host;
    std::uint16_t port;
    std::string request;
    weft::TcpStream stream;
};

WEFT_REGISTER_SOURCE(ticker, TickerSource)
