#pragma once

#include <weft/reactor/operation.hpp>

#include <liburing.h>

namespace weft::detail
{

/// Fills the entry of the submission queue with what is asked for; user_data is left to the caller.
/// Does not suspend.
void prepare(io_uring_sqe& entry, const Operation& operation) noexcept;

} // namespace weft::detail
