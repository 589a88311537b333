#include "whole_number_option.hpp"

#include <weft/reactor/runtime_options.hpp>
#include <weft/sources/quantity.hpp>

namespace weft::tools
{

std::int64_t parseWholeNumberOption(std::string_view option, const std::string& text,
                                    std::int64_t least, std::int64_t most, std::string_view allowed)
{
    const auto number = parseInteger(text);
    if (!number || *number < least || *number > most)
    {
        throw InvalidOption(std::string(option), text, std::string(allowed));
    }
    return *number;
}

} // namespace weft::tools
