#pragma once

/// \file
/// How an I/O buffer pool tells its owner thread that a waiter can be served.

namespace weft
{

class ReturnSignal
{
public:
    ReturnSignal() noexcept = default;
    ReturnSignal(const ReturnSignal&) = delete;
    ReturnSignal& operator=(const ReturnSignal&) = delete;

    /// The owner thread is to call IoBufferPool::reclaim soon; until it has, the signal is not
    /// repeated for buffers that come back. Called while somebody waits for a buffer:
    /// - by the thread that released a buffer, whichever that is;
    /// - by the owner thread, out of what it calls itself, when a waiter can be served already.
    /// It must not block, and must not call the pool unless it has made its thread the owner
    /// (SharedIoBufferPool does). A call may find that nobody waits any more, or that those who
    /// wait have reached their limits.
    /// No call is made or under way once IoBufferPool::close has returned.
    virtual void buffersReturned() noexcept = 0;

protected:
    ~ReturnSignal() = default;
};

} // namespace weft
