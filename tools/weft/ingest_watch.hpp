#pragma once

#include "interrupt_signals.hpp"
#include "status_display.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace weft::tools
{

class IngestSession;

/// How the watch over a session ended.
enum class WatchEnd : std::uint8_t
{
    Complete,     // all sources have ended by themselves
    Interrupted,  // a signal, then drained
    DurationOver, // drained too
    GaveUp,       // a signal while draining: not everything has been delivered
};

/// Shows a started session's status until everything has been delivered. The first signal, or the
/// end of `duration`, stops the sources and drains; a signal while draining gives up.
WatchEnd watchSession(IngestSession& session, InterruptSignals& signals, StatusDisplay& display,
                      std::optional<std::chrono::nanoseconds> duration = std::nullopt);

} // namespace weft::tools
