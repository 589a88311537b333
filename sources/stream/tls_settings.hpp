#pragma once

#include <weft/sources/parameter.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <string>
#include <vector>

namespace weft
{

/// How a source secures its connection. TLS 1.2 is the least.
struct TlsSettings
{
    /// A file or a directory of CA certificates in PEM; empty: the system's.
    std::string authorities;
    /// The client's certificate chain and its private key in PEM; empty: none.
    std::string certificate;
    std::string key;
    /// The name that the server is asked for and must prove; empty: that of the host.
    std::string serverName;
    bool verify = true;

    /// Reads tlsParameters(). Throws InvalidParameter, also when this build has no TLS.
    /// `wanted` is the parameter that asks for TLS, with its value, for the message.
    static TlsSettings from(const SourceDescriptor& descriptor, const std::string& wanted,
                            const std::string& value);

    /// For a source that is not to use TLS: refuses settings that would have no effect. `remedy`
    /// says how to ask for TLS: "give tls: true too".
    static void refuseUnused(const SourceDescriptor& descriptor, const std::string& remedy);
};

/// Throws InvalidParameter for the parameter that asks for TLS when this build has none.
void requireTls(const std::string& wanted, const std::string& value);

/// tls_ca, tls_certificate, tls_key, tls_server_name and tls_verify.
std::vector<ParameterDefinition> tlsParameters();

} // namespace weft
