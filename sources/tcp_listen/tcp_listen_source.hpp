#pragma once

#include <weft/reactor/tcp.hpp>
#include <weft/sources/acknowledgements.hpp>
#include <weft/sources/listening_source.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weft
{

/// Receives what clients send that connect to a TCP port of this worker.
class TcpListenSource final : public ListeningSource
{
public:
    static constexpr const char* TypeHelp = "bytes that clients send to a TCP port of this worker";
    static std::vector<ParameterDefinition> parameters();

    explicit TcpListenSource(const SourceDescriptor& descriptor);

    void open() override;
    void close() override;

    /// "listening on 127.0.0.1:9000", with the port that the kernel has chosen for port 0.
    std::string describe() const override;

    std::unique_ptr<Source> nextConnection() override;

    ConnectionLimits limits() const noexcept override
    {
        return connectionLimits;
    }

private:
    std::string host;
    std::uint16_t port;
    bool reusePort;
    Acknowledgements acknowledgements;
    ConnectionLimits connectionLimits;
    TcpListener listener;
};

} // namespace weft
