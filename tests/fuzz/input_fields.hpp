#pragma once

#include <map>
#include <string>
#include <string_view>

namespace weft::fuzz
{

/// Input that stands for several texts: lines of NAME=TEXT. What has no '=' is left out, and of two
/// with one name the first counts.
using Fields = std::map<std::string, std::string, std::less<>>;

inline Fields splitFields(std::string_view input)
{
    Fields fields;
    while (!input.empty())
    {
        const auto line = input.substr(0, input.find('\n'));
        input.remove_prefix(std::min(input.size(), line.size() + 1));
        if (const auto equals = line.find('='); equals != std::string_view::npos)
        {
            fields.emplace(line.substr(0, equals), line.substr(equals + 1));
        }
    }
    return fields;
}

} // namespace weft::fuzz
