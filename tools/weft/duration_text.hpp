#pragma once

#include <weft/sources/quantity.hpp>

#include <string>
#include <string_view>

namespace weft::tools
{

/// All that parseDuration() takes.
inline constexpr const char* AllowedDuration =
    "a duration with unit ns, us, ms, s, m or h, such as 250ms, below 2500000h";

/// What a parameter allows, for the message about a text that it does not: one that is no duration
/// at all must not be told of bounds alone.
inline std::string allowedDuration(std::string_view text, std::string allowed)
{
    return parseDuration(text) ? allowed
                               : allowed + "; with unit ns, us, ms, s, m or h, below 2500000h";
}

} // namespace weft::tools
