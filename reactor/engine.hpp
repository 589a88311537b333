#pragma once

#include <weft/reactor/operation.hpp>
#include <weft/timers/clock.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace weft
{

/// Counters since the start; written by the reactor thread, read by any.
struct EngineStatistics
{
    std::uint64_t systemCalls = 0; // that submit, reap or wait
    std::uint64_t atOnce = 0;      // operations done by a system call of their own
    std::uint64_t operations = 0;  // started
    std::uint64_t completions = 0;
    std::uint64_t cancellations = 0;       // asked for
    std::uint64_t queuedOperations = 0;    // that found the submission queue full
    std::uint64_t completionOverflows = 0; // times the completion queue was full
    std::uint64_t wakeUps = 0;             // by other threads
};

/// Where a reactor's operations are carried out, and where it sleeps. One for each reactor; all but
/// name(), fallbackReason() and statistics() belong to the reactor thread. Other threads end a
/// park() through the eventfd that the engine is given when it is made: the reactor owns it, so a
/// late waker finds it still there.
class Engine
{
public:
    virtual ~Engine() = default;

    virtual std::string_view name() const noexcept = 0;

    /// Why it is this one, when EngineKind::Auto would rather have had another; else empty. Any
    /// thread, as long as the engine is there.
    virtual std::string_view fallbackReason() const noexcept
    {
        return {};
    }

    /// The clock that deadlines are measured with.
    virtual Clock::time_point now() noexcept = 0;

    /// Takes the operation. Never fails: what goes wrong is the operation's result. Never calls
    /// `completed` itself; poll() and park() do.
    virtual void start(Operation& operation) noexcept = 0;

    /// Carries out at once what is told not to wait (Operation::waits()), and answers its result.
    /// Nothing, where that cannot be done: start() it.
    virtual std::optional<std::int32_t> tryAtOnce([[maybe_unused]] Operation& operation) noexcept
    {
        return std::nullopt;
    }

    /// Asks that a started operation end soon. It still completes once, by itself, and its result
    /// may be a success that was faster than the cancellation.
    virtual void cancel(Operation& operation) noexcept = 0;

    /// Submits what has been started and reports what has completed. Does not wait, and makes no
    /// system call when there is nothing to do.
    virtual void poll() noexcept = 0;

    /// No fiber is ready. Next the scheduler publishes that it sleeps, looks for messages once
    /// more, and calls park() if there are none. In a simulation other threads act here, in
    /// between.
    virtual void aboutToPark() noexcept
    {
    }

    /// Like poll(), but when nothing has completed waits for a completion, a wake-up or `until`.
    virtual void park(Clock::time_point until) noexcept = 0;

    /// Submits, lets completions gather until `until` or a wake-up, and reports what has completed.
    /// Does not wait for long when something has completed already.
    virtual void gather([[maybe_unused]] Clock::time_point until) noexcept
    {
        poll();
    }

    virtual EngineStatistics statistics() const noexcept = 0;
};

} // namespace weft
