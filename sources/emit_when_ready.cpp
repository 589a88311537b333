#include <weft/fibers/this_fiber.hpp>
#include <weft/memory/assert.hpp>
#include <weft/reactor/io_error.hpp>
#include <weft/sources/emit_when_ready.hpp>
#include <weft/sources/source_error.hpp>

#include <stop_token>
#include <utility>

namespace weft
{

void EmitReadiness::signal() noexcept
{
    const std::lock_guard lock(mutex);
    ++signalCount;
    changed.notify_all();
}

std::uint64_t EmitReadiness::signals() const noexcept
{
    const std::lock_guard lock(mutex);
    return signalCount;
}

bool EmitReadiness::waitBeyond(std::uint64_t seen)
{
    // Asked rather than this_fiber::stopRequested(), which turns true only after the callback.
    const auto stop = this_fiber::stopToken();
    // Made before the lock is taken: a stop that has come already is told here and now.
    const std::stop_callback onStop(stop,
                                    [this]
                                    {
                                        const std::lock_guard lock(mutex);
                                        changed.notify_all();
                                    });
    std::unique_lock lock(mutex);
    changed.wait(lock,
                 [&]
                 {
                     return signalCount != seen || stop.stop_requested();
                 });
    return signalCount != seen;
}

EmitFunction emitWhenReady(OfferFunction offer, std::shared_ptr<EmitReadiness> readiness)
{
    WEFT_ASSERT(offer != nullptr && readiness != nullptr);
    return [offer = std::move(offer), readiness = std::move(readiness)](OriginId origin,
                                                                        SourceEvent event) mutable
    {
        for (;;)
        {
            const auto seen = readiness->signals();
            if (offer(origin, event))
            {
                return;
            }
            if (!readiness->waitBeyond(seen))
            {
                throw SourceError(IoError::Stopped, "wait until downstream takes an event");
            }
        }
    };
}

} // namespace weft
