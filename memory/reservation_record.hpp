#pragma once

#include <boost/intrusive/list_hook.hpp>
#include <boost/intrusive/set_hook.hpp>

#include <cstdint>

/// \file
/// What a pool knows of one reservation. It belongs to the pool's owner thread.

namespace weft
{

class BufferWaiter;
struct IoBufferSlot;

/// BufferAccounts says what each means.
enum class ReservationState : std::uint8_t
{
    Closed,
    Ready,
    Lent,
    Owed,
};

/// One reservation, open or to be opened. The first hook is for the lists of BufferAccounts, the
/// second for SharedBufferQueue.
struct ReservationRecord : boost::intrusive::list_base_hook<>, boost::intrusive::set_base_hook<>
{
    ReservationState state = ReservationState::Closed;
    /// In the shared queue: the level at which it stands there.
    std::uint8_t level = 0;
    /// The most buffers that may be in flight, its own one included; 0 for the adaptive limit.
    std::uint32_t buffersInFlightMax = 0;
    /// Buffers out under this reservation, its own and shared ones.
    std::uint32_t buffersInFlight = 0;
    /// Counts closings: a buffer taken before the last one does not concern who is here now.
    std::uint32_t generation = 0;
    /// The request that waits, if one does.
    BufferWaiter* waiter = nullptr;
    /// While Lent: the buffer charged to it.
    const IoBufferSlot* ownSlot = nullptr;
    /// In the shared queue: its place in the order in which requests came.
    std::uint64_t ticket = 0;

    std::uint32_t sharedInFlight() const noexcept
    {
        return buffersInFlight - (ownSlot != nullptr ? 1 : 0);
    }
};

} // namespace weft
