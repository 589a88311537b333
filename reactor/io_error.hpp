#pragma once

#include <system_error>

namespace weft
{

/// Why a call gave up before the world had answered. Kept apart from the errno of like meaning: a
/// connection that the kernel has given up on (ETIMEDOUT) is not a deadline of ours. Both still
/// compare equal to std::errc::timed_out and std::errc::operation_canceled as conditions.
enum class IoError
{
    DeadlineExpired = 1, // the deadline given with the call has passed; nothing was lost
    Stopped,             // the fiber, or thread, has been asked to stop; nothing was lost
};

const std::error_category& ioErrorCategory() noexcept;

inline std::error_code make_error_code(IoError error) noexcept
{
    return {static_cast<int>(error), ioErrorCategory()};
}

/// Whether a call gave up, rather than failed: its deadline has passed, or a stop has come.
inline bool gaveUp(std::error_code error) noexcept
{
    return error.category() == ioErrorCategory();
}

/// The error that a negated errno stands for.
inline std::error_code errnoError(int errnoValue) noexcept
{
    return {errnoValue, std::system_category()};
}

} // namespace weft

template <>
struct std::is_error_code_enum<weft::IoError> : std::true_type
{
};
