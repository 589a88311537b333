#include <weft/sources/stream/tls_settings.hpp>

#include <fmt/format.h>

namespace weft
{

std::vector<ParameterDefinition> tlsParameters()
{
    return {
        {.name = "tls_ca",
         .type = ParameterType::Text,
         .defaultValue = "",
         .help = "file or directory of CA certificates (PEM); empty: the system's"},
        {.name = "tls_certificate",
         .type = ParameterType::Text,
         .defaultValue = "",
         .help = "file with the client's certificate, and those that vouch for it (PEM)"},
        {.name = "tls_key",
         .type = ParameterType::Text,
         .defaultValue = "",
         .help = "file with its private key (PEM); empty: in the file of tls_certificate"},
        {.name = "tls_server_name",
         .type = ParameterType::Text,
         .defaultValue = "",
         .help = "name that the server must prove; empty: the host's"},
        {.name = "tls_verify",
         .type = ParameterType::Boolean,
         .defaultValue = "true",
         .help = "refuse a server whose certificate or name cannot be verified"},
    };
}

TlsSettings TlsSettings::from(const SourceDescriptor& descriptor, const std::string& wanted,
                              const std::string& value)
{
    requireTls(wanted, value);
    TlsSettings settings{.authorities = descriptor.text("tls_ca"),
                         .certificate = descriptor.text("tls_certificate"),
                         .key = descriptor.text("tls_key"),
                         .serverName = descriptor.text("tls_server_name"),
                         .verify = descriptor.boolean("tls_verify")};
    if (!settings.key.empty() && settings.certificate.empty())
    {
        throw InvalidParameter("tls_key",
                               fmt::format("is '{}', but there is no certificate that it is the "
                                           "key of; give tls_certificate too",
                                           settings.key));
    }
    if (settings.key.empty())
    {
        settings.key = settings.certificate;
    }
    return settings;
}

void TlsSettings::refuseUnused(const SourceDescriptor& descriptor, const std::string& remedy)
{
    for (const auto& definition : tlsParameters())
    {
        const bool isText = definition.type == ParameterType::Text;
        const auto value =
            isText ? descriptor.text(definition.name)
                   : std::string(descriptor.boolean(definition.name) ? "true" : "false");
        if (value != *definition.defaultValue)
        {
            throw InvalidParameter(
                definition.name,
                fmt::format("is '{}', but the connection has no TLS; {}", value, remedy));
        }
    }
}

} // namespace weft
