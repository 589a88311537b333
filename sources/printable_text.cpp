#include <weft/sources/printable_text.hpp>

#include <fmt/format.h>

namespace weft
{

std::string printable(std::string_view text)
{
    std::string shown;
    shown.reserve(text.size());
    for (const char character : text)
    {
        const auto code = static_cast<unsigned char>(character);
        if (character == '\n')
        {
            shown += "\\n";
        }
        else if (code < 0x20 || code == 0x7f)
        {
            shown += fmt::format("\\x{:02x}", code);
        }
        else
        {
            shown += character;
        }
    }
    return shown;
}

} // namespace weft
