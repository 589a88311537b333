#include <weft/memory/assert.hpp>
#include <weft/reactor/acquire_buffer.hpp>
#include <weft/reactor/cancellable_wait.hpp>
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

} // namespace weft
