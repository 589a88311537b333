#pragma once

#include <weft/timers/clock.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace weft
{

/// Whether, and how long, an idle reactor lets completions gather before it looks at them: one
/// wake-up for many. Rules:
///   1. Only what every open source tolerates: an eighth of its flush interval, at most the
///      runtime's option. Without open sources, and beside one whose interval is zero, not at all.
///   2. Only where it pays: while at least CompletionsWorthIt come in that time.
///   3. Not soon after one call has taken much: its sender may be faster than his socket can queue
///      in that time. (He need not be: bytes that have gathered for a while are much, too.) What he
///      has sent until the next look may be little again, so this lasts for several batches. What
///      many bring together does not count, as each has a queue of his own.
///   4. What other threads want is seen at once, and no timer waits.
/// Of the reactor's thread.
class Batching
{
public:
    static constexpr std::uint64_t CompletionsWorthIt = 2;
    /// Less in one call is not fast: a socket queues several times as much before its sender has to
    /// wait (net.ipv4.tcp_rmem: 128 KiB by default, part of it for the kernel's own).
    static constexpr std::size_t FastBytes = 16 << 10;
    /// For so many times that wait nobody is kept waiting after that. Not tuned: a flood over one
    /// connection is at its full speed with it.
    static constexpr int BatchesAfterFast = 16;

    explicit Batching(std::chrono::nanoseconds waitMost) noexcept : most(waitMost)
    {
    }

    /// What a source with that flush interval tolerates; a negative one stands for none.
    std::chrono::nanoseconds tolerance(std::chrono::nanoseconds flushInterval) const noexcept;

    /// A source with that flush interval opens or has closed.
    void join(std::chrono::nanoseconds flushInterval) noexcept;
    void leave(std::chrono::nanoseconds flushInterval) noexcept;

    /// A call has taken so many bytes without waiting.
    void took(std::size_t sizeBytes) noexcept
    {
        tookMuch |= sizeBytes >= FastBytes;
    }

    /// How long to let completions gather, for a reactor that has nothing to do at `now` and has
    /// seen so many completions in its life. Zero: wait for the first.
    std::chrono::nanoseconds wait(Clock::time_point now, std::uint64_t completions) noexcept;

    /// Whether wait() may answer anything but zero.
    bool isAllowed() const noexcept
    {
        return tightest > std::chrono::nanoseconds::zero();
    }

private:
    static std::size_t classOf(std::chrono::nanoseconds flushInterval) noexcept;
    std::chrono::nanoseconds toleranceOf(std::size_t index) const noexcept;
    void update() noexcept;

    /// Sources by the logarithm of their interval: the tightest is found without a sorted list.
    static constexpr std::size_t Classes = std::numeric_limits<std::uint64_t>::digits + 1;

    const std::chrono::nanoseconds most;
    std::array<std::uint32_t, Classes> sources{};
    std::chrono::nanoseconds tightest{};
    bool tookMuch = false; // since the last wait
    Clock::time_point fastUntil;
    Clock::time_point spanBegin;
    std::uint64_t completionsBefore = 0;
    bool pays = false;
};

} // namespace weft
