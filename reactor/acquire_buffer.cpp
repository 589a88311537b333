#include <weft/memory/assert.hpp>
#include <weft/reactor/acquire_buffer.hpp>
#include <weft/reactor/cancellable_wait.hpp>
#include <weft/reactor/plain_thread.hpp>
#include <weft/reactor/reactor.hpp>

#include <utility>

namespace weft
{

namespace
{

class BufferWait final : public CancellableWait, private BufferWaiter
{
public:
    explicit BufferWait(Reactor& owner) noexcept : CancellableWait(owner)
    {
    }

    io::Result<IoBuffer> perform(BufferReservation& reservation, Deadline deadline) noexcept
    {
        reactor.buffers().enqueue(reservation, *this);
        suspendUntil(deadline);
        // One that was granted while we were giving up is used: it is ours by then.
        if (!granted)
        {
            return std::unexpected(cause());
        }
        return std::move(granted);
    }

private:
    void bufferGranted(IoBuffer buffer) noexcept override
    {
        granted = std::move(buffer);
        resume();
    }

    void giveUp() noexcept override
    {
        if (reactor.buffers().withdraw(*this))
        {
            resume();
        }
    }

    IoBuffer granted;
};

/// The same on a plain thread.
class SharedBufferWait final : private BufferWaiter
{
public:
    io::Result<IoBuffer> perform(SharedBufferReservation& reservation, Deadline deadline) noexcept
    {
        auto& pool = reservation.pool();
        pool.enqueue(reservation, *this);
        const auto interruption = event.wait(deadline);
        if (interruption != Interruption::None && pool.withdraw(*this))
        {
            return std::unexpected(detail::errorOf(interruption));
        }
        // Granted, perhaps while we were giving up: by now the whole of it, for it is granted under
        // the lock that withdraw() takes.
        WEFT_ASSERT(granted);
        return std::move(granted);
    }

private:
    void bufferGranted(IoBuffer buffer) noexcept override
    {
        granted = std::move(buffer);
        event.set();
    }

    ThreadEvent event;
    IoBuffer granted;
};

} // namespace

io::Result<IoBuffer> acquireBuffer(BufferReservation& reservation, Deadline deadline)
{
    auto* const reactor = Reactor::current();
    WEFT_ASSERT(reactor != nullptr);
    if (const auto error = CancellableWait::refusal(*reactor, deadline))
    {
        return std::unexpected(error);
    }
    if (auto buffer = reactor->buffers().tryAcquire(reservation))
    {
        return std::move(*buffer);
    }
    BufferWait wait(*reactor);
    return wait.perform(reservation, deadline);
}

io::Result<IoBuffer> acquireBuffer(SharedBufferReservation& reservation, Deadline deadline)
{
    WEFT_ASSERT(Reactor::current() == nullptr);
    if (const auto error = detail::refusalOnThread(deadline))
    {
        return std::unexpected(error);
    }
    if (auto buffer = reservation.pool().tryAcquire(reservation))
    {
        return std::move(*buffer);
    }
    SharedBufferWait wait;
    return wait.perform(reservation, deadline);
}

} // namespace weft
