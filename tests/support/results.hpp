#pragma once

#include <weft/reactor/io.hpp>

#include <system_error>

namespace weft
{

/// The error of a call, none when it succeeded: expected::error() must not be asked then.
template <typename T>
std::error_code errorOf(const io::Result<T>& result)
{
    return result ? std::error_code() : result.error();
}

inline std::error_code systemError(int errnoValue)
{
    return {errnoValue, std::system_category()};
}

} // namespace weft
