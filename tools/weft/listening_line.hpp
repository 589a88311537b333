#pragma once

#include <cstdint>
#include <string_view>

namespace weft::tools
{

/// The port of the line in which `weft serve` says where it listens: "listening on ADDRESS:PORT".
/// Throws std::runtime_error with the line when it is no such.
std::uint16_t parseListeningPort(std::string_view line);

} // namespace weft::tools
