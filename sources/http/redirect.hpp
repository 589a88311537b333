#pragma once

#include <weft/sources/stream/url.hpp>

#include <string>
#include <string_view>

namespace weft
{

inline constexpr UrlSchemes HttpSchemes{.plain = "http", .secure = "https"};

/// What the header Location means in the answer to `base` (RFC 3986, 5.2): "../b?c" to
/// "http://host/a/b?c". A URL with a scheme stays as it is, but for capitals in the scheme; whether
/// it is one to follow is for parseUrl() to say.
std::string resolveLocation(const Url& base, std::string_view location);

} // namespace weft
