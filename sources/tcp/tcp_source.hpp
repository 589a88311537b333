#pragma once

#include <weft/reactor/tcp.hpp>
#include <weft/sources/acknowledgements.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>
#include <weft/sources/stream/client_stream.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft
{

/// Receives what a TCP server sends after the connection is made. The server's end of stream is the
/// end of the stream; a reset is an error, and so is a TLS connection that ends without saying so.
class TcpSource final : public Source
{
public:
    static constexpr const char* TypeHelp = "bytes that a TCP server sends";
    static std::vector<ParameterDefinition> parameters();

    explicit TcpSource(const SourceDescriptor& descriptor);

    void open() override;
    FillStatus fillBuffer(Fill& fill) override;
    void close() override;

    /// "127.0.0.1:40000 -> 127.0.0.1:9000"
    std::string describe() const override;

    StackClass stackClass() const noexcept override;

private:
    FillStatus fillSecured(Fill& fill);
    std::string peer() const;

    TcpStream stream;
    ClientStream secured; // in place of the stream, with TLS
    std::string host;
    std::uint16_t port;
    std::chrono::nanoseconds connectTimeout;
    Acknowledgements acknowledgements;
    std::optional<TlsSettings> tls;
};

} // namespace weft
