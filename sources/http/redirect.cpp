#include <weft/sources/http/redirect.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace weft
{

namespace
{

bool isLetter(unsigned char character)
{
    return std::isalpha(character) != 0;
}

bool isSchemeCharacter(unsigned char character)
{
    return std::isalnum(character) != 0 || character == '+' || character == '-' || character == '.';
}

/// "http" of "http://host", nothing of "/login?next=http://host" (RFC 3986, 3.1).
std::string_view schemeOf(std::string_view location)
{
    const auto scheme = location.substr(0, location.find(':'));
    const bool isScheme = scheme.size() < location.size() && !scheme.empty() &&
                          isLetter(scheme.front()) &&
                          std::ranges::all_of(scheme, isSchemeCharacter);
    return isScheme ? scheme : std::string_view();
}

/// Goes the way that "." and ".." describe (RFC 3986, 5.2.4). The path begins with a slash.
std::string withoutDotSegments(std::string_view path)
{
    std::vector<std::string_view> segments;
    while (!path.empty())
    {
        path.remove_prefix(1);
        const auto segment = path.substr(0, path.find('/'));
        path.remove_prefix(segment.size());
        const bool isDots = segment == "." || segment == "..";
        if (segment == ".." && !segments.empty())
        {
            segments.pop_back();
        }
        if (!isDots)
        {
            segments.push_back(segment);
        }
        else if (path.empty())
        {
            segments.emplace_back(); // what dots at the end lead to is a directory
        }
    }
    return fmt::format("/{}", fmt::join(segments, "/"));
}

} // namespace

std::string resolveLocation(const Url& base, std::string_view location)
{
    location = location.substr(0, location.find('#'));
    if (const auto scheme = schemeOf(location); !scheme.empty())
    {
        std::string url(location);
        std::transform(scheme.begin(), scheme.end(), url.begin(),
                       [](unsigned char character)
                       {
                           return static_cast<char>(std::tolower(character));
                       });
        return url;
    }
    const auto scheme = base.isSecure ? HttpSchemes.secure : HttpSchemes.plain;
    if (location.starts_with("//"))
    {
        return fmt::format("{}:{}", scheme, location);
    }
    const auto origin = fmt::format("{}://{}", scheme, base.authority());
    const auto basePath = base.target.substr(0, base.target.find('?'));
    const auto path = location.substr(0, location.find('?'));
    const auto query = location.substr(path.size());
    if (path.empty())
    {
        return query.empty() ? origin + base.target
                             : fmt::format("{}{}{}", origin, basePath, query);
    }
    const auto folder = path.starts_with('/') ? "" : basePath.substr(0, basePath.rfind('/') + 1);
    return fmt::format("{}{}{}", origin, withoutDotSegments(fmt::format("{}{}", folder, path)),
                       query);
}

} // namespace weft
