#pragma once

#include <string>
#include <string_view>

namespace weft
{

/// The text with its control characters written out ("\\n", "\\x1b"), and all bytes that are no
/// UTF-8 ("\\xff"), for messages: one from outside must not break a message into lines, cut it off,
/// speak to the terminal or spoil a file of JSON.
std::string printable(std::string_view text);

} // namespace weft
