#pragma once

#include <string>
#include <string_view>

namespace weft
{

/// The text with its control characters written out ("\\n", "\\x1b"), for messages: one from
/// outside must not break a message into lines, cut it off or speak to the terminal.
std::string printable(std::string_view text);

} // namespace weft
