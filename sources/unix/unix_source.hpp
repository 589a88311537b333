#pragma once

#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>
#include <weft/sources/unix_receiver.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace weft
{

/// Receives what a server on this machine sends over a Unix socket. The server's end of stream is
/// the end of the stream.
class UnixSource final : public Source
{
public:
    static constexpr const char* TypeHelp =
        "bytes or packets that a server sends over a Unix socket";
    static std::vector<ParameterDefinition> parameters();

    explicit UnixSource(const SourceDescriptor& descriptor);

    void open() override;
    FillStatus fillBuffer(Fill& fill) override;
    void close() override;

    /// "unix:/run/feed"
    std::string describe() const override;

private:
    UnixOptions options;
    std::chrono::nanoseconds connectTimeout;
    UnixReceiver receiver;
};

} // namespace weft
