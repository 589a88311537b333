#include "listening_line.hpp"

#include <weft/sources/printable_text.hpp>
#include <weft/sources/quantity.hpp>

#include <fmt/format.h>

#include <stdexcept>

namespace weft::tools
{

std::uint16_t parseListeningPort(std::string_view line)
{
    constexpr std::string_view Start = "listening on ";
    constexpr std::int64_t PortMost = 65535;
    const auto port = parseInteger(line.substr(line.rfind(':') + 1));
    if (!line.starts_with(Start) || !port || *port < 1 || *port > PortMost)
    {
        throw std::runtime_error(
            fmt::format("weft serve said '{}' instead of where it listens", printable(line)));
    }
    return static_cast<std::uint16_t>(*port);
}

} // namespace weft::tools
