#include <weft/memory/assert.hpp>
#include <weft/sources/fill_window.hpp>

#include <algorithm>
#include <utility>

namespace weft
{

namespace
{

/// A longer one stands for none.
constexpr std::chrono::nanoseconds LongestInterval = std::chrono::hours(24) * 36500;

bool isTimed(std::chrono::nanoseconds interval) noexcept
{
    return interval >= std::chrono::nanoseconds::zero() && interval < LongestInterval;
}

} // namespace

FillWindow::FillWindow(const FlushTimes& flushTimes, FlushDemand& flushDemand,
                       BufferRacks& bufferRacks) noexcept
    : interval(flushTimes.afterArrival()),
      demand(flushDemand),
      racks(bufferRacks),
      gathering(isTimed(interval) ? flushTimes : FlushTimes(std::chrono::nanoseconds::zero()))
{
}

FillWindow::~FillWindow()
{
    demand.notFilling();
    while (held > 0)
    {
        buffers[--held].reset();
    }
    giveBackRack();
}

bool FillWindow::makeRoom() noexcept
{
    if (held == 0 || rack != nullptr)
    {
        return held < BuffersMax;
    }
    rack = racks.tryTake();
    if (rack == nullptr)
    {
        return false;
    }
    rack->buffers.front() = std::move(single);
    buffers = rack->buffers.data();
    vectors = rack->vectors.data();
    return true;
}

/// The window holds one buffer at most.
void FillWindow::giveBackRack() noexcept
{
    if (rack == nullptr)
    {
        return;
    }
    WEFT_ASSERT(held <= 1);
    single = std::move(rack->buffers.front());
    buffers = &single;
    vectors = &singleVector;
    racks.giveBack(*std::exchange(rack, nullptr));
}

void FillWindow::offer(IoBuffer buffer) noexcept
{
    WEFT_ASSERT(held < (rack != nullptr ? BuffersMax : 1) && deliverable == 0);
    mostWorth = std::clamp<std::size_t>(BytesMax / buffer.capacityBytes(), 1, BuffersMax);
    buffers[held] = std::move(buffer);
    ++held;
}

void FillWindow::beginFill() noexcept
{
    WEFT_ASSERT(held > 0 && deliverable == 0 && filling == 0);
    firstOfVisit = held == 1 && !mayStay();
    if (!mayStay())
    {
        visitBytes = 0;
    }
    spaceAsked = false;
    progressed = false;
    filledAll = false;
}

void FillWindow::endFill(bool everything) noexcept
{
    adapt();
    deliverable = filling;
    if (filling < held && buffers[filling].sizeBytes() > 0)
    {
        // Behind full ones it has not been seen whether more comes in time.
        deliverable += everything || filling == 0 || isDue() ? 1 : 0;
    }
    dropSpare();
}

void FillWindow::endAll() noexcept
{
    const bool lastHasBytes = held > delivered && buffers[held - 1].sizeBytes() > 0;
    deliverable = lastHasBytes ? held : deliverable;
}

bool FillWindow::hasBytes() const noexcept
{
    return delivered < deliverable || (held > delivered && buffers[held - 1].sizeBytes() > 0);
}

IoBuffer FillWindow::takeDeliverable() noexcept
{
    if (delivered < deliverable)
    {
        return std::move(buffers[delivered++]);
    }
    std::shift_left(buffers, buffers + held, static_cast<std::ptrdiff_t>(delivered));
    held -= delivered;
    if (held <= 1)
    {
        giveBackRack();
    }
    deliverable = 0;
    delivered = 0;
    filling = 0;
    if (held == 0 || sizeBytes() == 0)
    {
        flushDue = NoDeadline;
        publish(NoDeadline);
    }
    return {};
}

std::span<std::byte> FillWindow::rest() noexcept
{
    if (filling == held)
    {
        return {};
    }
    auto& buffer = buffers[filling];
    return buffer.writable().subspan(buffer.sizeBytes());
}

std::span<const iovec> FillWindow::space() noexcept
{
    spaceAsked = true;
    std::size_t count = 0;
    for (auto index = filling; index < held; ++index)
    {
        const auto empty = buffers[index].writable().subspan(buffers[index].sizeBytes());
        vectors[count++] = {.iov_base = empty.data(), .iov_len = empty.size()};
    }
    return {vectors, count};
}

void FillWindow::advance(std::size_t sizeBytes) noexcept
{
    if (sizeBytes == 0)
    {
        return;
    }
    progressed = true;
    visitBytes += sizeBytes;
    const auto now = Clock::now();
    const auto taken = sizeBytes;
    while (sizeBytes > 0)
    {
        WEFT_ASSERT(filling < held);
        auto& buffer = buffers[filling];
        const auto filledBefore = buffer.sizeBytes();
        if (filledBefore == 0)
        {
            begins(buffer, now);
        }
        const auto count = std::min(sizeBytes, buffer.capacityBytes() - filledBefore);
        buffer.setSizeBytes(filledBefore + count);
        sizeBytes -= count;
        filling += isFull(buffer) ? 1 : 0;
    }
    gathering.took(taken, filling < held, now);
    if (filling > 0)
    {
        gathering.filled();
    }
}

void FillWindow::begins(IoBuffer& buffer, Clock::time_point now) noexcept
{
    buffer.metadata().creationTime = now;
    if (interval == std::chrono::nanoseconds::zero())
    {
        flushDue = now; // on the way: who waits all the same has deadline() publish it
        return;
    }
    flushDue = isTimed(interval) ? gathering.dueOf(now) : demand.dueOnDemandOnly();
    publish(flushDue);
}

/// For who demands: when the wait ends that is to be cut short.
void FillWindow::publish(Deadline due) noexcept
{
    if (due != published)
    {
        published = due;
        demand.filling(due);
    }
}

bool FillWindow::wantsMore() const noexcept
{
    if (filling > 0)
    {
        return false;
    }
    // The calls in between compare the deadline with the clock; only "at once" needs no clock.
    return sizeBytes() == 0 || (interval != std::chrono::nanoseconds::zero() &&
                                !gathering.isSparse() && !demand.isUttered());
}

Deadline FillWindow::deadline(Deadline latest) noexcept
{
    if (sizeBytes() == 0)
    {
        gathering.waitsForFirst();
        return latest;
    }
    gathering.waitsForMore();
    const auto until = std::min(flushDue, latest);
    publish(until);
    // The clock's epoch is a moment that has passed.
    return demand.isUttered() ? Deadline{} : until;
}

std::optional<Deadline> FillWindow::pauseUntil() noexcept
{
    paused = false;
    if (held > 1)
    {
        return std::nullopt;
    }
    const auto until = gathering.pauseUntil(sizeBytes(), capacityBytes(), flushDue);
    if (until)
    {
        publish(*until);
    }
    if (!until || demand.isUttered())
    {
        return std::nullopt;
    }
    paused = true;
    return until;
}

bool FillWindow::mayWait() const noexcept
{
    return held == 1 && !paused;
}

void FillWindow::foundNothing() noexcept
{
    if (held == 1)
    {
        gathering.foundNothing();
        return;
    }
    gathering.foundNoMore(Clock::now());
    fillsUntilTry = fillsAfterMiss;
    fillsAfterMiss = std::min(fillsAfterMiss * 2, FillsBetweenTriesMax);
    dropSpare();
}

bool FillWindow::isDue() const noexcept
{
    return interval == std::chrono::nanoseconds::zero() || demand.isUttered() ||
           flushDue <= Clock::now();
}

void FillWindow::adapt() noexcept
{
    filledAll = filling == held;
    tookAll = filledAll && spaceAsked;
    if (held == 1)
    {
        fillsUntilTry -= tookAll && fillsUntilTry > 0 ? 1 : 0;
        return;
    }
    if (filling > 0)
    {
        fillsAfterMiss = 1;
        const auto usedInVisit = visitBytes / buffers[0].capacityBytes();
        wanted = std::min(tookAll ? held * 2 : usedInVisit + 1, BuffersMax);
    }
}

/// All that no byte has reached, but for the one to wait with.
void FillWindow::dropSpare() noexcept
{
    while (held > 1 && buffers[held - 1].sizeBytes() == 0)
    {
        buffers[--held].reset();
    }
    if (held <= 1)
    {
        giveBackRack();
    }
}

} // namespace weft
