#pragma once

#include <weft/sources/source_descriptor.hpp>
#include <weft/sources/source_error.hpp>

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft
{

/// Of a request, in the order in which they are sent.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The parameter `headers`: "Name: value", one a line. The reserved names are those that the source
/// writes itself or that would break its protocol; one that ends with a dash stands for all that
/// begin so. Throws InvalidParameter, for a reserved name, too.
HttpHeaders readHeaders(const SourceDescriptor& descriptor,
                        std::span<const std::string_view> reserved);

/// Its definition.
ParameterDefinition headersParameter();

/// Whether there is one of the name, in whatever case.
bool hasHeader(const HttpHeaders& headers, std::string_view name);

/// As names of headers and types of content are compared: without regard to case, in ASCII.
bool equalsIgnoringCase(std::string_view one, std::string_view other);

/// Whether it may be the name of a header, or of a subprotocol (RFC 9110, 5.6.2).
bool isToken(std::string_view text);

/// What an answer with such a status is as an error: a transient one (isTransient) when another try
/// may be answered otherwise.
int errnoOfStatus(unsigned status);

/// For who catches an error of opening `url`: throws one that names the parameter `connect_timeout`
/// when the error is that it has passed, and else returns.
void throwIfTimedOut(const SourceError& error, const std::string& url,
                     std::chrono::nanoseconds connectTimeout);

} // namespace weft
