#pragma once

#include <weft/sources/source_event.hpp>

#include <boost/fiber/condition_variable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

/// \file
/// For a downstream that refuses an event when it has no room, and says when it has room again.

namespace weft
{

/// The signal "offer it again", from a consumer to the sources that it has refused; any number of
/// them may share one. Any thread may call anything.
class EmitReadiness
{
public:
    /// Lets every source that waits offer its event again. Call it after each change that makes
    /// room: a signal that comes between a refusal and the wait is not lost.
    void signal() noexcept;

    /// The number of signals so far.
    std::uint64_t signals() const noexcept;

    /// Waits until signals() is not `seen` any more; false when a stop ended the wait. Suspends; on
    /// a plain thread, blocks it.
    bool waitBeyond(std::uint64_t seen);

private:
    mutable std::mutex mutex;
    boost::fibers::condition_variable_any changed;
    std::uint64_t signalCount = 0;
};

/// Takes an event (true) or refuses it for now (false) and leaves it as it is. Must not block. What
/// it throws fails the source.
using OfferFunction = std::move_only_function<bool(OriginId, SourceEvent&)>;

/// An emit function that offers each event until it is taken, waiting for the signal in between:
/// the source fills nothing meanwhile, so the refusal becomes back-pressure on its peer. When the
/// source is stopped, an event that is refused once more is dropped, and counted as
/// SourceStatistics::buffersDropped.
EmitFunction emitWhenReady(OfferFunction offer, std::shared_ptr<EmitReadiness> readiness);

} // namespace weft
