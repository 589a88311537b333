#pragma once

#include <weft/memory/io_buffer.hpp>

/// \file
/// One request for an I/O buffer that could not be met at once.
///
/// It lives where the waiting code lives (a suspended fiber's stack) and is linked into its pool's
/// queue, so that waiting allocates nothing. Everything about it belongs to the pool's owner
/// thread.

namespace weft
{

struct ReservationRecord;

class BufferWaiter
{
public:
    BufferWaiter(const BufferWaiter&) = delete;
    BufferWaiter& operator=(const BufferWaiter&) = delete;

    /// Whether it stands in a queue: from IoBufferPool::enqueue until bufferGranted or withdraw.
    bool isWaiting() const noexcept
    {
        return record != nullptr;
    }

    /// Hands the buffer over. Called at most once for each enqueue, on the pool's owner thread,
    /// from within IoBufferPool::reclaim and from nowhere else; the waiter has left the queue by
    /// then and may be enqueued again or destroyed. It may call the pool, where reclaim() then does
    /// nothing.
    virtual void bufferGranted(IoBuffer buffer) noexcept = 0;

protected:
    BufferWaiter() noexcept = default;

    /// Not in a queue any more.
    virtual ~BufferWaiter();

private:
    friend class IoBufferPool;
    friend class BufferAccounts;

    /// The reservation it asks for, while it waits.
    ReservationRecord* record = nullptr;
};

} // namespace weft
