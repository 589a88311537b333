#pragma once

#include <weft/fibers/thread_waits.hpp>
#include <weft/timers/clock.hpp>

#include <system_error>

/// \file
/// What CancellableWait knows of a fiber's waits, for those of a plain thread.

namespace weft::detail
{

/// The IoError of a wait that was interrupted; none for Interruption::None.
std::error_code errorOf(Interruption interruption) noexcept;

/// Whether a wait of the calling plain thread may begin: IoError::Stopped or
/// IoError::DeadlineExpired when it would be over at once. A stop is seen only with ThreadWaits.
std::error_code refusalOnThread(Deadline deadline) noexcept;

} // namespace weft::detail
