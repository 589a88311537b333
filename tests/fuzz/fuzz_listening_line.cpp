#include <weft/sources/printable_text.hpp>
#include <weft/sources/quantity.hpp>

#include "listening_line.hpp"
#include "tests/fuzz/fuzz_target.hpp"

/// The line in which `weft serve` tells `weft demo` where it listens.

namespace weft::fuzz
{

namespace
{

void checkListeningLine(std::string_view line)
{
    std::uint16_t port = 0;
    try
    {
        port = tools::parseListeningPort(line);
    }
    catch (const std::runtime_error& error)
    {
        requireNames(error, {"weft serve", printable(line)});
        return;
    }
    require(port != 0, "nobody listens on port 0", line);
    require(line.starts_with("listening on "), "only such a line has a port", line);
    require(parseInteger(line.substr(line.rfind(':') + 1)) == port,
            "the port is the number at the end", line);
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(listening_line, weft::fuzz::checkListeningLine)
