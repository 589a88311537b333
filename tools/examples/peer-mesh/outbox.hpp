#pragma once

#include <weft/timers/clock.hpp>

#include "frame.hpp"

#include <boost/fiber/buffered_channel.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace weft::mesh
{

/// What is to be sent to a peer.
struct Outgoing
{
    FrameKind kind = FrameKind::Message;
    std::uint64_t value = 0;
};

/// The bounded channel between those who have something for a peer and the one fiber that writes to
/// it. Who offers never waits: a full outbox refuses, so a peer that is slow costs nobody's time
/// but its own.
class Outbox
{
public:
    /// Takes at least `framesMax` frames.
    explicit Outbox(std::size_t framesMax) : channel(std::bit_ceil(framesMax + OneStaysFree))
    {
    }

    /// False when it is full or closed. Does not suspend.
    bool offer(Outgoing frame)
    {
        return channel.try_push(frame) == boost::fibers::channel_op_status::success;
    }

    /// Waits for a frame; none when the deadline passes, or when the outbox is closed and empty.
    /// Suspends.
    std::optional<Outgoing> take(Deadline deadline)
    {
        Outgoing frame;
        return channel.pop_wait_until(frame, deadline) == boost::fibers::channel_op_status::success
                   ? std::optional(frame)
                   : std::nullopt;
    }

    /// A frame, if there is one. Does not suspend.
    std::optional<Outgoing> takeNow()
    {
        Outgoing frame;
        return channel.try_pop(frame) == boost::fibers::channel_op_status::success
                   ? std::optional(frame)
                   : std::nullopt;
    }

    /// From now on it refuses, and nobody waits for it. Any thread.
    void close() noexcept
    {
        channel.close();
    }

    bool isClosed() const noexcept
    {
        return channel.is_closed();
    }

private:
    // Boost's channel takes powers of two, of which it uses all but one.
    static constexpr std::size_t OneStaysFree = 1;

    boost::fibers::buffered_channel<Outgoing> channel;
};

} // namespace weft::mesh
