#pragma once

#include <weft/reactor/unix_socket.hpp>
#include <weft/sources/listening_source.hpp>
#include <weft/sources/source_descriptor.hpp>
#include <weft/sources/unix_receiver.hpp>

#include <memory>
#include <string>
#include <vector>

namespace weft
{

/// Receives what clients on this machine send that connect to a Unix socket of this worker.
class UnixListenSource final : public ListeningSource
{
public:
    static constexpr const char* TypeHelp =
        "bytes or packets that clients send to a Unix socket of this worker";
    static std::vector<ParameterDefinition> parameters();

    explicit UnixListenSource(const SourceDescriptor& descriptor);

    void open() override;
    void close() override;

    /// "listening on unix:/run/feed"
    std::string describe() const override;

    std::unique_ptr<Source> nextConnection() override;

    ConnectionLimits limits() const noexcept override
    {
        return connectionLimits;
    }

private:
    UnixOptions options;
    ConnectionLimits connectionLimits;
    UnixListener listener;
};

} // namespace weft
