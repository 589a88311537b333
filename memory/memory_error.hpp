#pragma once

#include <system_error>

/// \file
/// What can go wrong when memory is handed out, beyond what errno says.

namespace weft
{

/// Compares with std::error_code. Each message says what to do about it.
enum class MemoryError
{
    /// Every stack of the class asked for is in use. It passes when one is given back.
    NoFreeStack = 1,
    /// Another guard page would take the process past its share of vm.max_map_count. It passes
    /// when the limit is raised, not when a stack is given back.
    MapCountExhausted,
};

/// The category of MemoryError, named "weft.memory". Any thread.
const std::error_category& memoryErrorCategory() noexcept;

/// Found by std::error_code's constructor. Any thread.
std::error_code make_error_code(MemoryError error) noexcept;

} // namespace weft

template <>
struct std::is_error_code_enum<weft::MemoryError> : std::true_type
{
};
