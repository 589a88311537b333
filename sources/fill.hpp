#pragma once

#include <weft/sources/fill_window.hpp>
#include <weft/timers/clock.hpp>

#include <cstddef>
#include <optional>
#include <span>

#include <sys/uio.h>

namespace weft
{

/// What a source fills, and until when.
///
/// A buffer is delivered when it is full, when its flush interval has passed, which counts from its
/// first byte, or when downstream demands what there is; at once where bytes come so seldom that
/// nothing more is to be expected in that time. An empty one is never delivered, so a silent source
/// needs no timer.
///
/// A source may know one buffer only, and fill rest(). One that can fill several in one call does
/// so with space(): while more is queued than one buffer holds, it is offered others, too, and each
/// is delivered on its own, in order.
class Fill
{
public:
    explicit Fill(FillWindow& filledWindow) noexcept : window(filledWindow)
    {
    }

    Fill(const Fill&) = delete;
    Fill& operator=(const Fill&) = delete;

    /// The part of the buffer that is still empty; nothing when it is full.
    std::span<std::byte> rest() noexcept
    {
        return window.rest();
    }

    /// The empty parts of all buffers on offer, in order; rest() is the first. Valid until the next
    /// call of a member.
    std::span<const iovec> space() noexcept
    {
        return window.space();
    }

    /// Says that the first `sizeBytes` of space() have been filled.
    void advance(std::size_t sizeBytes) noexcept
    {
        window.advance(sizeBytes);
    }

    /// False when the buffer is full, nothing more is to be waited for, or it is demanded: return
    /// from fillBuffer.
    bool wantsMore() const noexcept
    {
        return window.wantsMore();
    }

    /// Until when to wait for bytes: when the buffer must be delivered; NoDeadline while it is
    /// empty, and centuries ahead for one without flush interval. For the calls that wait, asked
    /// for anew before each of them: a wait with this deadline ends early, with
    /// IoError::DeadlineExpired, when downstream demands the buffer.
    /// A source that waits for a moment of its own beside that gives it as `latest`: the answer is
    /// never later.
    Deadline deadline(Deadline latest = NoDeadline) noexcept
    {
        return window.deadline(latest);
    }

    /// Until when it pays to let bytes gather where they are queued, and then to take all at once.
    /// Nothing: take them now. For io::sleepUntil(), at once; it, too, ends early on demand.
    std::optional<Deadline> pauseUntil() noexcept
    {
        return window.pauseUntil();
    }

    /// False when bytes are to be taken only if they are queued already: after a pause, and while
    /// several buffers are on offer, which others may need. Say foundNothing() when there are none.
    /// Reads from a disk are no waiting in this sense: they end soon by themselves.
    bool mayWait() const noexcept
    {
        return window.mayWait();
    }

    void foundNothing() noexcept
    {
        window.foundNothing();
    }

    std::size_t sizeBytes() const noexcept
    {
        return window.sizeBytes();
    }

    std::size_t capacityBytes() const noexcept
    {
        return window.capacityBytes();
    }

private:
    FillWindow& window;
};

} // namespace weft
