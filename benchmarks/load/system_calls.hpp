#pragma once

#include <cstdint>

namespace weft::bench
{

/// How often this process has called the functions of the C library by which receivers read, write
/// and wait: the linker puts a counter around each (--wrap, see CMakeLists.txt). Calls that the C
/// library makes by itself are not seen, those for mutexes among them, nor are liburing's.
std::uint64_t libraryCalls() noexcept;

} // namespace weft::bench
