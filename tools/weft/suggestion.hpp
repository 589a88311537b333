#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weft::tools
{

/// "; did you mean 'port'?" when one of the known words is near to what was written, else nothing.
std::string suggest(std::string_view written, std::span<const std::string> known);

} // namespace weft::tools
