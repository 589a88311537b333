#pragma once

#include <weft/reactor/tcp.hpp>
#include <weft/sources/stream/tls_settings.hpp>
#include <weft/sources/stream/tls_stream.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace weft
{

/// Which server, and how.
struct ClientStreamSettings
{
    std::string host;
    std::uint16_t port = 0;
    std::optional<TlsSettings> tls; // nothing: in the clear

    /// "localhost:9000"
    std::string peer() const;
};

/// A connection to a server, with TLS or without. Of one fiber or thread.
class ClientStream
{
public:
    /// Not connected.
    ClientStream() = default;

    /// Connects and, with TLS, makes the handshake. Throws SourceError. Suspends.
    ClientStream(const ClientStreamSettings& settings, Deadline deadline);

    bool isOpen() const noexcept
    {
        return plain.isOpen() || secured.has_value();
    }

    /// At least one byte; zero when the peer has ended the stream, which with TLS it has to say.
    /// The error is one of giving up, with nothing lost. Throws SourceError for all else. Suspends.
    io::Result<std::size_t> receive(std::span<std::byte> buffer, Deadline deadline);

    /// Until there is room for more to send; the error is one of giving up. Throws SourceError for
    /// all else. Suspends.
    io::Result<void> awaitRoom(Deadline deadline);

    /// Throws SourceError, also when it has to give up: how much had gone is then unknown.
    /// Suspends.
    void sendAll(std::span<const std::byte> bytes, Deadline deadline);

    /// Suspends.
    io::Result<void> close();

    /// "127.0.0.1:40000 -> 127.0.0.1:9000"
    std::string describe() const;

private:
    const TcpStream& tcp() const noexcept;

    std::string peer;
    TcpStream plain;
    std::optional<TlsStream> secured;
};

} // namespace weft
