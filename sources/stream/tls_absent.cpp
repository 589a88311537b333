#include <weft/memory/assert.hpp>
#include <weft/sources/stream/tls_stream.hpp>

#include <fmt/format.h>

/// \file
/// In place of TLS in a build without it: nobody gets beyond requireTls().

namespace weft
{

struct TlsStream::State
{
};

void requireTls(const std::string& wanted, const std::string& value)
{
    throw InvalidParameter(wanted,
                           fmt::format("is '{}', but this build of weft has no TLS; build it with "
                                       "-DWEFT_TLS=ON, which takes OpenSSL (Debian: libssl-dev)",
                                       value));
}

TlsStream::TlsStream(TcpStream, const std::string&, const std::string&, const TlsSettings&,
                     Deadline)
{
    WEFT_ASSERT(false);
}

TlsStream::~TlsStream() = default;
TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream& TlsStream::operator=(TlsStream&&) noexcept = default;

io::Result<std::size_t> TlsStream::receive(std::span<std::byte>, Deadline)
{
    return 0;
}

io::Result<void> TlsStream::sendAll(std::span<const std::byte>, Deadline)
{
    return {};
}

io::Result<void> TlsStream::close()
{
    return {};
}

const TcpStream& TlsStream::tcp() const noexcept
{
    static const TcpStream none;
    return none;
}

} // namespace weft
