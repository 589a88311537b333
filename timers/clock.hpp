#pragma once

#include <chrono>

namespace weft
{

/// The one clock of the runtime: it never jumps when the wall clock is set.
using Clock = std::chrono::steady_clock;

/// A moment by which something must have happened.
using Deadline = Clock::time_point;

/// Stands for "wait as long as it takes".
inline constexpr Deadline NoDeadline = Deadline::max();

} // namespace weft
