#include <weft/sources/quantity.hpp>
#include <weft/sources/stream/url.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace weft
{

namespace
{

constexpr std::uint16_t PlainPort = 80;
constexpr std::uint16_t SecurePort = 443;

std::string_view cutAt(std::string_view& rest, std::size_t position)
{
    const auto head = rest.substr(0, position);
    rest.remove_prefix(head.size());
    return head;
}

std::uint16_t parsePort(std::string_view text)
{
    constexpr std::int64_t Most = 65535;
    const auto port = parseInteger(text);
    if (!port || *port < 1 || *port > Most)
    {
        throw std::invalid_argument(fmt::format("has the port '{}'; allowed: 1 to 65535", text));
    }
    return static_cast<std::uint16_t>(*port);
}

bool isPrintable(char character)
{
    return character > ' ' && character != '\x7f';
}

} // namespace

std::string Url::authority() const
{
    const auto quoted = host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
    return port == (isSecure ? SecurePort : PlainPort) ? quoted
                                                       : fmt::format("{}:{}", quoted, port);
}

Url parseUrl(std::string_view text, const UrlSchemes& schemes)
{
    const auto separator = text.find("://");
    const auto scheme = text.substr(0, separator);
    const bool isSecure = scheme == schemes.secure;
    if (separator == std::string_view::npos || (!isSecure && scheme != schemes.plain))
    {
        throw std::invalid_argument(
            fmt::format("does not begin with {}:// or {}://", schemes.plain, schemes.secure));
    }
    if (!std::ranges::all_of(text, isPrintable))
    {
        throw std::invalid_argument("has a blank or a control character in it; write it as %20, "
                                    "say");
    }
    auto rest = text.substr(separator + 3);
    rest = rest.substr(0, rest.find('#'));
    auto authority = cutAt(rest, rest.find_first_of("/?"));
    if (authority.find('@') != std::string_view::npos)
    {
        throw std::invalid_argument("names a user; give a header Authorization instead");
    }
    Url url{.isSecure = isSecure, .port = isSecure ? SecurePort : PlainPort};
    const bool isBracketed = authority.starts_with('[');
    const auto bracket = authority.find(']');
    if (isBracketed && bracket != std::string_view::npos)
    {
        url.host = authority.substr(1, bracket - 1);
        authority.remove_prefix(bracket + 1);
    }
    else
    {
        url.host = cutAt(authority, authority.find(':'));
    }
    if (url.host.empty())
    {
        throw std::invalid_argument("has no host");
    }
    if (authority.starts_with(':'))
    {
        url.port = parsePort(authority.substr(1));
    }
    else if (!authority.empty())
    {
        throw std::invalid_argument(fmt::format("has '{}' after its host", authority));
    }
    url.target = rest.starts_with('/') ? rest : fmt::format("/{}", rest);
    return url;
}

Url readUrl(const SourceDescriptor& descriptor, const UrlSchemes& schemes)
{
    const auto& text = descriptor.text("url");
    try
    {
        return parseUrl(text, schemes);
    }
    catch (const std::invalid_argument& wrong)
    {
        throw InvalidParameter("url", fmt::format("is '{}', which {}; allowed: such as "
                                                  "{}://example.com:9000/feed",
                                                  text, wrong.what(), schemes.plain));
    }
}

ClientStreamSettings connectionTo(const Url& url, const SourceDescriptor& descriptor,
                                  const UrlSchemes& schemes)
{
    ClientStreamSettings settings{.host = url.host, .port = url.port};
    if (url.isSecure)
    {
        settings.tls = TlsSettings::from(descriptor, "url", descriptor.text("url"));
    }
    else
    {
        TlsSettings::refuseUnused(descriptor, fmt::format("give a url with {}://", schemes.secure));
    }
    return settings;
}

} // namespace weft
