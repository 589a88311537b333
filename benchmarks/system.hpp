#pragma once

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace weft::bench
{

constexpr std::int64_t NsPerSecond = 1'000'000'000;

/// What a system call has answered; throws std::system_error when it has failed.
inline int checked(int result, const char* call)
{
    if (result < 0)
    {
        throw std::system_error(errno, std::generic_category(), call);
    }
    return result;
}

} // namespace weft::bench
