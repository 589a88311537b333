#pragma once

#include <weft/reactor/tcp.hpp>
#include <weft/sources/stream/tls_settings.hpp>

#include <memory>
#include <span>
#include <string>

namespace weft
{

/// A TCP connection secured by TLS, from the client's side. Of one fiber or thread.
class TlsStream
{
public:
    /// Makes the handshake on a connection to `host`, by which the server is verified unless the
    /// settings name it. Throws SourceError, which says why a certificate was refused. Suspends.
    TlsStream(TcpStream connected, const std::string& host, const std::string& peerName,
              const TlsSettings& settings, Deadline deadline);
    ~TlsStream();

    TlsStream(TlsStream&&) noexcept;
    TlsStream& operator=(TlsStream&&) noexcept;

    /// At least one byte; zero when the peer has said that the stream ends. The error is one of
    /// giving up: a deadline in the middle of a record loses nothing. Throws SourceError for all
    /// else; a connection that ends without that word may have been cut by somebody else. Suspends.
    io::Result<std::size_t> receive(std::span<std::byte> buffer, Deadline deadline);

    /// Throws SourceError; the error is one of giving up, and the stream is then of no more use.
    /// Suspends.
    io::Result<void> sendAll(std::span<const std::byte> bytes, Deadline deadline);

    /// Says that the stream ends, if that can be sent at once, and closes. Suspends.
    io::Result<void> close();

    const TcpStream& tcp() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state;
};

} // namespace weft
