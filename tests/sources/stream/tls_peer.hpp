#pragma once

#include "tests/sources/stream/byte_channel.hpp"
#include "tests/sources/stream/certificates.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weft::test
{

struct TlsPeerOptions
{
    /// Of the client, signed by this authority (PEM); empty: it need not have a certificate.
    std::string clientAuthority;
    int versionMost = TLS1_3_VERSION;
};

/// The server's side of TLS on a connection, by OpenSSL's own calls. What it would send can be had
/// as bytes first, to be sent in parts.
class TlsPeer
{
public:
    TlsPeer(ByteChannel connected, const Identity& identity, const TlsPeerOptions& options = {});

    /// The connection outlives it.
    TlsPeer(TcpStream& connected, const Identity& identity, const TlsPeerOptions& options = {})
        : TlsPeer(channelOf(connected), identity, options)
    {
    }

    /// False when the client refuses or goes away.
    bool handshake();

    /// The name that the client has asked for; empty: none.
    std::string serverName() const;

    /// One record, or as many as it takes, with this text.
    std::string seal(std::string_view text);

    /// Those that say that the stream ends.
    std::string sealEnd();

    /// A record that asks the client to use new keys, and to answer (TLS 1.3).
    std::string sealKeyUpdate();

    void send(std::string_view text);

    /// At least one byte; nothing when the client has ended the stream, or has gone.
    std::string receive();

    /// Whether the client has said that its stream ends, rather than just gone.
    bool clientSaidEnd() const;

private:
    std::string takeSealed();
    bool pump();

    ByteChannel channel;
    std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>> context;
    std::unique_ptr<SSL, FreedBy<SSL_free>> tls;
    BIO* arrived; // both owned by tls
    BIO* leaving;
};

} // namespace weft::test
