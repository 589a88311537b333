#include <weft/reactor/io_error.hpp>
#include <weft/sources/quantity.hpp>
#include <weft/sources/stream/http_exchange.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

namespace weft
{

namespace
{

bool isTokenCharacter(char character)
{
    constexpr std::string_view Others = "!#$%&'*+-.^_`|~";
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
           (character >= 'A' && character <= 'Z') ||
           Others.find(character) != std::string_view::npos;
}

bool isControl(char character)
{
    return static_cast<unsigned char>(character) < ' ' || character == '\x7f';
}

std::string_view trim(std::string_view text)
{
    constexpr std::string_view Blanks = " \t\r";
    const auto begin = text.find_first_not_of(Blanks);
    const auto end = text.find_last_not_of(Blanks);
    return begin == std::string_view::npos ? std::string_view()
                                           : text.substr(begin, end - begin + 1);
}

std::pair<std::string, std::string> parseHeader(std::string_view line)
{
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    const auto value = colon == std::string_view::npos ? "" : trim(line.substr(colon + 1));
    const bool isValue = std::ranges::none_of(value,
                                              [](char character)
                                              {
                                                  return isControl(character) && character != '\t';
                                              });
    if (colon == std::string_view::npos || !isToken(name) || !isValue)
    {
        throw InvalidParameter(
            "headers", fmt::format("has the line '{}'; allowed: 'Name: value', one a line", line));
    }
    return {std::string(name), std::string(value)};
}

bool isReserved(std::string_view name, std::span<const std::string_view> reserved)
{
    return std::ranges::any_of(reserved,
                               [name](std::string_view each)
                               {
                                   const auto part =
                                       each.ends_with('-') ? name.substr(0, each.size()) : name;
                                   return equalsIgnoringCase(part, each);
                               });
}

} // namespace

HttpHeaders readHeaders(const SourceDescriptor& descriptor,
                        std::span<const std::string_view> reserved)
{
    HttpHeaders headers;
    std::string_view rest = descriptor.text("headers");
    while (!rest.empty())
    {
        const auto whole = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(whole.size() + 1, rest.size()));
        const auto line = trim(whole);
        if (line.empty())
        {
            continue;
        }
        headers.push_back(parseHeader(line));
        if (isReserved(headers.back().first, reserved))
        {
            throw InvalidParameter(
                "headers",
                fmt::format("has the line '{}', but the source itself decides on {}; leave it out",
                            line, headers.back().first));
        }
    }
    return headers;
}

ParameterDefinition headersParameter()
{
    return {.name = "headers",
            .type = ParameterType::Text,
            .defaultValue = "",
            .help = "headers of the request beside those that it needs: 'Name: value', one a line"};
}

bool hasHeader(const HttpHeaders& headers, std::string_view name)
{
    return std::ranges::any_of(headers,
                               [name](const auto& header)
                               {
                                   return equalsIgnoringCase(header.first, name);
                               });
}

bool equalsIgnoringCase(std::string_view one, std::string_view other)
{
    return std::ranges::equal(one, other,
                              [](unsigned char a, unsigned char b)
                              {
                                  return std::tolower(a) == std::tolower(b);
                              });
}

bool isToken(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, isTokenCharacter);
}

int errnoOfStatus(unsigned status)
{
    constexpr unsigned ServerErrors = 500;
    switch (status)
    {
    case 401:
    case 403:
        return EACCES;
    case 404:
    case 410:
        return ENOENT;
    case 408:
        return ETIMEDOUT;
    case 429:
        return ECONNABORTED;
    default:
        // Not EAGAIN: that says that this machine is short of something.
        return status >= ServerErrors ? ECONNABORTED : EPROTO;
    }
}

void throwIfTimedOut(const SourceError& error, const std::string& url,
                     std::chrono::nanoseconds connectTimeout)
{
    if (error.code() == IoError::DeadlineExpired)
    {
        throw SourceError(error.code(),
                          fmt::format("open {}: it takes longer than connect_timeout, which is {}",
                                      url, formatDuration(connectTimeout)));
    }
}

} // namespace weft
