#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::tools
{

/// The whole number that was given for `option`. Throws InvalidOption with the option, the text and
/// what is `allowed` when it is none or not from `least` to `most`.
std::int64_t parseWholeNumberOption(std::string_view option, const std::string& text,
                                    std::int64_t least, std::int64_t most,
                                    std::string_view allowed);

} // namespace weft::tools
