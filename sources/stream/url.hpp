#pragma once

#include <weft/sources/stream/client_stream.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weft
{

/// Where a server is and what is asked of it: "wss://example.com:8443/feed?topic=a".
struct Url
{
    bool isSecure = false;
    std::string host; // IPv6 addresses without their brackets
    std::uint16_t port = 0;
    std::string target; // "/feed?topic=a"

    /// "example.com:8443", for the header Host: without the port that the scheme stands for.
    std::string authority() const;
};

/// The two schemes that a type of source knows.
struct UrlSchemes
{
    std::string_view plain;
    std::string_view secure;
};

/// Throws std::invalid_argument, whose text goes on after the URL: "has no host".
Url parseUrl(std::string_view text, const UrlSchemes& schemes);

/// The same for the parameter `url`, and how to connect there. Throws InvalidParameter.
Url readUrl(const SourceDescriptor& descriptor, const UrlSchemes& schemes);

/// TLS as the URL says, with tlsParameters(). Throws InvalidParameter.
ClientStreamSettings connectionTo(const Url& url, const SourceDescriptor& descriptor,
                                  const UrlSchemes& schemes);

} // namespace weft
