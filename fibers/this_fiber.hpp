#pragma once

#include <weft/fibers/fiber_record.hpp>

#include <cstdint>
#include <stop_token>
#include <string_view>

/// What a fiber may ask about itself. On a plain thread, and on contexts that Boost.Fiber's own
/// calls have made, there is no weft fiber: the answers are then the empty ones. A plain thread
/// with ThreadWaits can be stopped too, and has the answers about that.
namespace weft::this_fiber
{

/// Whether the caller runs on a reactor thread, where calls suspend.
bool onReactor() noexcept;

FiberId id() noexcept;
std::string_view name() noexcept;

/// Whether a stop has been requested and no StopShield hides it.
bool stopRequested() noexcept;

/// Stopped when the fiber, or the thread, is. Allocates at its first use in a fiber.
std::stop_token stopToken();

/// Lets the other ready fibers run first, or the other threads. Suspends.
void yield() noexcept;

/// For who could go on for long without waiting: lets all other ready fibers run first, also those
/// that I/O makes ready meanwhile. Those that give way take turns among themselves; with
/// `keepsPlace` the turn is not over yet. They have one in any case, though a rare one while others
/// never rest. Elsewhere than on a reactor's fibers as yield(). Suspends.
void giveWay(bool keepsPlace) noexcept;

} // namespace weft::this_fiber

namespace weft
{

/// While it lives, suspending calls of the calling fiber do not see a stop, nor do waits of a plain
/// thread with ThreadWaits: for cleaning up with calls that suspend. Give such calls deadlines.
/// Nests. Keep it on the fiber's, or the thread's, stack.
class StopShield
{
public:
    StopShield() noexcept;
    ~StopShield();

    StopShield(const StopShield&) = delete;
    StopShield& operator=(const StopShield&) = delete;

private:
    std::uint32_t* shields; // null where nothing can be stopped
};

} // namespace weft
