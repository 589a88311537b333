#include "tests/sources/stream/tls_peer.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include <openssl/pem.h>

namespace weft::test
{

namespace
{

void trust(SSL_CTX* context, const std::string& authorityPem)
{
    const std::unique_ptr<BIO, FreedBy<BIO_free_all>> memory(
        BIO_new_mem_buf(authorityPem.data(), static_cast<int>(authorityPem.size())));
    const CertificateHandle authority(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

} // namespace

TlsPeer::TlsPeer(ByteChannel connected, const Identity& identity, const TlsPeerOptions& options)
    : channel(std::move(connected)),
      context(SSL_CTX_new(TLS_server_method()))
{
    if (SSL_CTX_use_certificate(context.get(), identity.certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), identity.key.get()) != 1)
    {
        throw std::runtime_error("OpenSSL does not take the test's certificate");
    }
    if (!options.clientAuthority.empty())
    {
        trust(context.get(), options.clientAuthority);
    }
    SSL_CTX_set_max_proto_version(context.get(), options.versionMost);
    tls.reset(SSL_new(context.get()));
    arrived = BIO_new(BIO_s_mem());
    leaving = BIO_new(BIO_s_mem());
    SSL_set_bio(tls.get(), arrived, leaving);
    SSL_set_accept_state(tls.get());
}

bool TlsPeer::handshake()
{
    for (;;)
    {
        const int done = SSL_do_handshake(tls.get());
        const bool needsMore = SSL_get_error(tls.get(), done) == SSL_ERROR_WANT_READ;
        channel.send(takeSealed());
        if (done == 1 || !needsMore || !pump())
        {
            return done == 1;
        }
    }
}

std::string TlsPeer::serverName() const
{
    const char* const name = SSL_get_servername(tls.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
}

std::string TlsPeer::seal(std::string_view text)
{
    SSL_write(tls.get(), text.data(), static_cast<int>(text.size()));
    return takeSealed();
}

std::string TlsPeer::sealEnd()
{
    SSL_shutdown(tls.get());
    return takeSealed();
}

std::string TlsPeer::sealKeyUpdate()
{
    SSL_key_update(tls.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(tls.get());
    return takeSealed();
}

void TlsPeer::send(std::string_view text)
{
    channel.send(seal(text));
}

std::string TlsPeer::receive()
{
    std::array<char, 16384> buffer;
    for (;;)
    {
        const int size = SSL_read(tls.get(), buffer.data(), buffer.size());
        channel.send(takeSealed());
        if (size > 0)
        {
            return {buffer.data(), static_cast<std::size_t>(size)};
        }
        if (SSL_get_error(tls.get(), size) != SSL_ERROR_WANT_READ || !pump())
        {
            return {};
        }
    }
}

bool TlsPeer::clientSaidEnd() const
{
    return (SSL_get_shutdown(tls.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

std::string TlsPeer::takeSealed()
{
    std::string sealed(BIO_ctrl_pending(leaving), '\0');
    if (!sealed.empty())
    {
        BIO_read(leaving, sealed.data(), static_cast<int>(sealed.size()));
    }
    return sealed;
}

/// False when nothing more comes.
bool TlsPeer::pump()
{
    const auto received = channel.receive();
    if (!received.empty())
    {
        BIO_write(arrived, received.data(), static_cast<int>(received.size()));
    }
    return !received.empty();
}

} // namespace weft::test
