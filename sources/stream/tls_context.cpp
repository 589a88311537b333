#include <weft/reactor/offload.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/stream/tls_context.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <mutex>

namespace weft
{

namespace
{

/// Throws what an attempt on a file has ended with.
void require(const boost::system::error_code& error, const char* what, const std::string& path)
{
    if (error)
    {
        throw SourceError(error, fmt::format("{} {}", what, path));
    }
}

void trust(TlsContext& context, const std::string& authorities)
{
    boost::system::error_code error;
    std::error_code ignored;
    if (authorities.empty())
    {
        context.set_default_verify_paths(error);
        require(error, "find the system's", "CA certificates");
    }
    else if (std::filesystem::is_directory(authorities, ignored))
    {
        context.add_verify_path(authorities, error);
        require(error, "use the CA certificates in", authorities);
    }
    else
    {
        context.load_verify_file(authorities, error);
        require(error, "read the CA certificates in", authorities);
    }
}

std::shared_ptr<TlsContext> makeContext(const TlsSettings& settings)
{
    auto context = std::make_shared<TlsContext>(TlsContext::tls_client);
    ::SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    context->set_verify_mode(settings.verify ? boost::asio::ssl::verify_peer
                                             : boost::asio::ssl::verify_none);
    if (settings.verify)
    {
        trust(*context, settings.authorities);
    }
    if (!settings.certificate.empty())
    {
        // OpenSSL would ask for the password of an encrypted key at the terminal.
        context->set_password_callback(
            [](std::size_t, boost::asio::ssl::context::password_purpose)
            {
                return std::string();
            });
        boost::system::error_code error;
        context->use_certificate_chain_file(settings.certificate, error);
        require(error, "read the client's certificate in", settings.certificate);
        context->use_private_key_file(settings.key, TlsContext::pem, error);
        require(error, "read the client's private key, which must not be encrypted, in",
                settings.key);
    }
    return context;
}

/// A renewed certificate must not be taken for the old one.
std::string nameOf(const TlsSettings& settings)
{
    auto name = fmt::format("{}", settings.verify);
    for (const auto& path : {settings.authorities, settings.certificate, settings.key})
    {
        std::error_code error;
        const auto written = std::filesystem::last_write_time(path, error);
        name += fmt::format("\n{}\n{}", path, error ? 0 : written.time_since_epoch().count());
    }
    return name;
}

std::shared_ptr<TlsContext> findOrMake(const TlsSettings& settings)
{
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<TlsContext>> contexts;
    const std::lock_guard lock(mutex);
    std::erase_if(contexts,
                  [](const auto& entry)
                  {
                      return entry.second.expired();
                  });
    auto& known = contexts[nameOf(settings)];
    auto context = known.lock();
    if (!context)
    {
        context = makeContext(settings);
        known = context;
    }
    return context;
}

} // namespace

std::shared_ptr<TlsContext> tlsContext(const TlsSettings& settings, Deadline deadline)
{
    auto context = offload(
        [&]
        {
            return findOrMake(settings);
        },
        deadline);
    if (!context)
    {
        throw SourceError(context.error(), "read the certificates");
    }
    return std::move(*context);
}

} // namespace weft
