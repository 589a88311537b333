#pragma once

#include <weft/memory/buffer_rack.hpp>
#include <weft/memory/io_buffer.hpp>
#include <weft/sources/flush_demand.hpp>
#include <weft/sources/flush_times.hpp>
#include <weft/sources/gathering.hpp>
#include <weft/timers/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

#include <sys/uio.h>

namespace weft
{

/// The buffers that one source may fill, between its runner and Fill: the runner offers them, the
/// source fills them from the front, the runner takes out what is to be delivered. Rules:
///   1. The first buffer is the one that the source waits for bytes with, for as long as need be.
///      Others, the spare ones, are offered for what is there already: nobody waits with them for
///      what may never come, because other sources may need them. (A read from a disk ends, so it
///      may be waited for.) What a call of fillBuffer leaves empty goes back.
///   2. Spare ones are offered when the last call has left no space. How many doubles while all are
///      filled, up to BuffersMax and BytesMax, and falls to one more than the visit has used: what
///      has come since the last one is then taken by one call.
///   3. After a take that found nothing queued, buffers must be filled again before the next try,
///      twice as many each time.
///   4. A buffer that is partly filled behind full ones stays until its own flush is due.
///   5. A rack is held while there are spare ones, and no longer.
/// Of the fiber or thread that runs the source.
class FillWindow
{
public:
    /// What one take may bring, so that others have their turn soon; beyond it the system call no
    /// longer matters.
    static constexpr std::size_t BytesMax = 256 << 10;
    static constexpr std::size_t BuffersMax = BufferRack::BuffersMax;
    /// What one source may take before others that could go on as long have their turn; whoever has
    /// waited for something is let in after each take. Several times what stays in a cache, so that
    /// a socket whose queue has grown is emptied at one go: it then takes its bytes while they are
    /// in the cache, until the sender has got ahead again.
    static constexpr std::size_t VisitBytesMax = 4 << 20;
    /// Filled buffers without another try, at most, where the tries find nothing.
    static constexpr unsigned FillsBetweenTriesMax = 64;

    /// A negative interval stands for none. The demand and the racks outlive the window.
    FillWindow(const FlushTimes& flushTimes, FlushDemand& flushDemand,
               BufferRacks& bufferRacks) noexcept;
    ~FillWindow();

    FillWindow(const FillWindow&) = delete;
    FillWindow& operator=(const FillWindow&) = delete;

    // The runner's side.

    /// Buffers in it.
    std::size_t count() const noexcept
    {
        return held;
    }

    /// How many are worth having in it.
    std::size_t countWanted() const noexcept
    {
        return tookAll && fillsUntilTry == 0 ? std::min(wanted, mostWorth) : 1;
    }

    /// Room for another one; false when it would be a spare one and all racks are taken.
    bool makeRoom() noexcept;

    /// There is room.
    void offer(IoBuffer buffer) noexcept;

    /// A call of fillBuffer begins; there is a buffer. When it has ended, endFill() decides what is
    /// to be delivered: all that has bytes if `everything`.
    void beginFill() noexcept;
    void endFill(bool everything) noexcept;

    /// Whether the last call has brought bytes.
    bool hasProgressed() const noexcept
    {
        return progressed;
    }

    /// Whether it may have brought them without waiting, and may so again and again: it is for
    /// others to have a turn. Not yet when spare buffers are to take what is queued behind the
    /// first one of a visit: each coming back to a source after the turns of a thousand
    /// others has its price. And not after a call that has left space: the next one has a single
    /// buffer and waits with it, which lets the others in.
    bool owesTurn() const noexcept
    {
        return filledAll && !(firstOfVisit && countWanted() > 1);
    }

    /// Whether more is queued, as far as one can tell, and it has not gone on for long. Where the
    /// last call has emptied the queue, another one would find nothing, or little, yet.
    bool mayStay() const noexcept
    {
        return filledAll && visitBytes < VisitBytesMax;
    }

    /// Whatever has bytes is to be delivered: there will be no other call.
    void endAll() noexcept;

    /// Whether there are bytes behind those that takeDeliverable() has answered.
    bool hasBytes() const noexcept;

    /// The next buffer to be delivered; empty when there is none, and then the next call may begin.
    IoBuffer takeDeliverable() noexcept;

    // The source's side; see Fill.

    std::span<std::byte> rest() noexcept;
    std::span<const iovec> space() noexcept;
    void advance(std::size_t sizeBytes) noexcept;
    bool wantsMore() const noexcept;
    Deadline deadline(Deadline latest = NoDeadline) noexcept;
    std::optional<Deadline> pauseUntil() noexcept;
    bool mayWait() const noexcept;
    void foundNothing() noexcept;

    std::size_t sizeBytes() const noexcept
    {
        return buffers[0].sizeBytes();
    }

    std::size_t capacityBytes() const noexcept
    {
        return buffers[0].capacityBytes();
    }

private:
    bool isFull(const IoBuffer& buffer) const noexcept
    {
        return buffer.sizeBytes() == buffer.capacityBytes();
    }

    bool isDue() const noexcept;
    void begins(IoBuffer& buffer, Clock::time_point now) noexcept;
    void publish(Deadline due) noexcept;
    void adapt() noexcept;
    void dropSpare() noexcept;
    void giveBackRack() noexcept;

    const std::chrono::nanoseconds interval;
    FlushDemand& demand;
    BufferRacks& racks;
    Gathering gathering;
    IoBuffer single; // in place of a rack
    iovec singleVector{};
    BufferRack* rack = nullptr;
    IoBuffer* buffers = &single; // or the rack's
    iovec* vectors = &singleVector;
    std::size_t held = 0;
    std::size_t mostWorth = 1; // as many as BytesMax has room for
    std::size_t wanted = 2;    // when spare ones are worth a try
    bool tookAll = false;      // the last call has left no space, and may fill more than one
    unsigned fillsUntilTry = 0;
    unsigned fillsAfterMiss = 1;
    std::size_t filling = 0;     // the first that is not full
    std::size_t deliverable = 0; // at the front
    std::size_t delivered = 0;   // of these
    bool spaceAsked = false;     // by the source, in this call
    bool progressed = false;
    bool filledAll = false;
    std::size_t visitBytes = 0;      // since its visit has begun
    bool firstOfVisit = false;       // this call, and it has a single buffer
    bool paused = false;             // before what is taken next
    Deadline flushDue = NoDeadline;  // of the last buffer that has bytes
    Deadline published = NoDeadline; // to who demands
};

} // namespace weft
