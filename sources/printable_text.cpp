#include <weft/sources/printable_text.hpp>

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace weft
{

namespace
{

/// Bytes that begin the UTF-8 of a character, how many there are of it, and within what the second
/// one is: RFC 3629, section 4. The others are 0x80 to 0xbf.
struct Form
{
    unsigned char first;
    unsigned char last;
    std::size_t sizeBytes;
    unsigned char secondLeast;
    unsigned char secondMost;
};

constexpr std::array Forms{
    Form{0x20, 0x7e, 1, 0, 0},       Form{0xc2, 0xc2, 2, 0xa0, 0xbf}, // before it C1 controls
    Form{0xc3, 0xdf, 2, 0x80, 0xbf}, Form{0xe0, 0xe0, 3, 0xa0, 0xbf},
    Form{0xe1, 0xec, 3, 0x80, 0xbf}, Form{0xed, 0xed, 3, 0x80, 0x9f},
    Form{0xee, 0xef, 3, 0x80, 0xbf}, Form{0xf0, 0xf0, 4, 0x90, 0xbf},
    Form{0xf1, 0xf3, 4, 0x80, 0xbf}, Form{0xf4, 0xf4, 4, 0x80, 0x8f},
};

bool isWithin(char character, unsigned char least, unsigned char most) noexcept
{
    const auto code = static_cast<unsigned char>(character);
    return code >= least && code <= most;
}

bool begins(std::string_view text, const Form& form) noexcept
{
    if (text.size() < form.sizeBytes || !isWithin(text[0], form.first, form.last))
    {
        return false;
    }
    for (std::size_t index = 1; index < form.sizeBytes; ++index)
    {
        const bool isSecond = index == 1;
        if (!isWithin(text[index], isSecond ? form.secondLeast : 0x80,
                      isSecond ? form.secondMost : 0xbf))
        {
            return false;
        }
    }
    return true;
}

/// Bytes of the character that the text begins with; 0 where it is none to be shown.
std::size_t shownBytes(std::string_view text) noexcept
{
    for (const auto& form : Forms)
    {
        if (begins(text, form))
        {
            return form.sizeBytes;
        }
    }
    return 0;
}

} // namespace

std::string printable(std::string_view text)
{
    std::string shown;
    shown.reserve(text.size());
    while (!text.empty())
    {
        const auto sizeBytes = shownBytes(text);
        if (sizeBytes > 0)
        {
            shown += text.substr(0, sizeBytes);
        }
        else if (text[0] == '\n')
        {
            shown += "\\n";
        }
        else
        {
            shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
        }
        text.remove_prefix(sizeBytes > 0 ? sizeBytes : 1);
    }
    return shown;
}

} // namespace weft
