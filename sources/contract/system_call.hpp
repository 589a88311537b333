#pragma once

#include <cerrno>
#include <system_error>

namespace weft::contract
{

/// The result of a system call; throws std::system_error with its errno and name when it has
/// failed.
inline int checked(int result, const char* call)
{
    if (result < 0)
    {
        throw std::system_error(errno, std::system_category(), call);
    }
    return result;
}

} // namespace weft::contract
