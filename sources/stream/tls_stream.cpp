#include <weft/sources/source_error.hpp>
#include <weft/sources/stream/fiber_stream.hpp>
#include <weft/sources/stream/tls_context.hpp>
#include <weft/sources/stream/tls_stream.hpp>

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <cerrno>

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>

namespace weft
{

struct TlsStream::State
{
    State(TcpStream connected, std::shared_ptr<TlsContext> sharedContext, std::string peerName)
        : context(std::move(sharedContext)),
          stream(FiberStream(std::move(connected)), *context),
          peer(std::move(peerName))
    {
    }

    FiberStream& fiberStream() noexcept
    {
        return stream.next_layer();
    }

    [[noreturn]] void fail(const boost::system::error_code& error, const char* what) const;

    const std::shared_ptr<TlsContext> context;
    boost::asio::ssl::stream<FiberStream> stream;
    const std::string peer;
};

namespace
{

bool isGivenUp(const boost::system::error_code& error)
{
    return gaveUp(static_cast<std::error_code>(error));
}

/// Whom the server has to be.
void expectServer(SSL* tls, const std::string& name, bool verify)
{
    const bool isAddress = SocketAddress::parse(name, 0).has_value();
    if (!isAddress)
    {
        // RFC 6066, 3: no addresses here.
        SSL_set_tlsext_host_name(tls, name.c_str());
    }
    if (!verify)
    {
        return;
    }
    auto* const rules = ::SSL_get0_param(tls);
    ::X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int taken = isAddress ? ::X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str())
                                : ::X509_VERIFY_PARAM_set1_host(rules, name.c_str(), 0);
    if (taken != 1)
    {
        throw SourceError(errnoError(EINVAL),
                          fmt::format("verify the server by the name '{}'", name));
    }
}

} // namespace

void TlsStream::State::fail(const boost::system::error_code& error, const char* what) const
{
    if (error == boost::asio::ssl::error::stream_truncated)
    {
        throw SourceError(errnoError(ECONNABORTED),
                          fmt::format("{} {}: the connection ended without the end of TLS "
                                      "(close_notify), so the stream may be cut short",
                                      what, peer));
    }
    throw SourceError(error, fmt::format("{} {}", what, peer));
}

void requireTls(const std::string&, const std::string&)
{
}

TlsStream::TlsStream(TcpStream connected, const std::string& host, const std::string& peerName,
                     const TlsSettings& settings, Deadline deadline)
    : state(std::make_unique<State>(std::move(connected), tlsContext(settings, deadline), peerName))
{
    auto* const tls = state->stream.native_handle();
    // Asio has OpenSSL give its buffers back whenever they are empty, and allocate them anew.
    SSL_clear_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    expectServer(tls, settings.serverName.empty() ? host : settings.serverName, settings.verify);
    state->fiberStream().setReadDeadline(deadline);
    state->fiberStream().setWriteDeadline(deadline);
    boost::system::error_code error;
    state->stream.handshake(boost::asio::ssl::stream_base::client, error);
    if (!error)
    {
        return;
    }
    const auto refusal = ::SSL_get_verify_result(tls);
    if (settings.verify && refusal != X509_V_OK && !isGivenUp(error))
    {
        throw SourceError(error,
                          fmt::format("secure the connection to {}: its certificate is refused: {}",
                                      peerName, ::X509_verify_cert_error_string(refusal)));
    }
    if (ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_WRONG_VERSION_NUMBER &&
        error.category() == boost::asio::error::get_ssl_category())
    {
        throw SourceError(error,
                          fmt::format("secure the connection to {}: does it speak TLS?", peerName));
    }
    state->fail(error, "secure the connection to");
}

TlsStream::~TlsStream() = default;
TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream& TlsStream::operator=(TlsStream&&) noexcept = default;

io::Result<std::size_t> TlsStream::receive(std::span<std::byte> buffer, Deadline deadline)
{
    // What TLS itself has to say meanwhile, a new key for one, must get out whole.
    state->fiberStream().setWriteDeadline(NoDeadline);
    state->fiberStream().setReadDeadline(deadline);
    boost::system::error_code error;
    const auto sizeBytes =
        state->stream.read_some(boost::asio::buffer(buffer.data(), buffer.size()), error);
    if (sizeBytes > 0 || !error)
    {
        return sizeBytes;
    }
    if (error == boost::asio::error::eof)
    {
        return 0;
    }
    if (isGivenUp(error))
    {
        return std::unexpected(static_cast<std::error_code>(error));
    }
    state->fail(error, "receive from");
}

io::Result<void> TlsStream::sendAll(std::span<const std::byte> bytes, Deadline deadline)
{
    // A renegotiation may read.
    state->fiberStream().setReadDeadline(deadline);
    state->fiberStream().setWriteDeadline(deadline);
    boost::system::error_code error;
    boost::asio::write(state->stream, boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (!error)
    {
        return {};
    }
    if (isGivenUp(error))
    {
        return std::unexpected(static_cast<std::error_code>(error));
    }
    state->fail(error, "send to");
}

io::Result<void> TlsStream::close()
{
    // Not waiting for the peer's answer, and not long for one that takes nothing any more.
    constexpr std::chrono::milliseconds SendingTakesMost(100);
    state->fiberStream().setReadDeadline(Deadline{});
    state->fiberStream().setWriteDeadline(io::after(SendingTakesMost));
    boost::system::error_code ignored;
    state->stream.shutdown(ignored);
    return state->fiberStream().tcp().close();
}

const TcpStream& TlsStream::tcp() const noexcept
{
    return state->stream.next_layer().tcp();
}

} // namespace weft
