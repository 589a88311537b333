#include "life.hpp"

#include <weft/memory/assert.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace weft::sim
{

namespace
{

using namespace std::chrono_literals;

/// To stop, to deliver what is due, to go on when there are bytes and a buffer for them: many times
/// what the simulated machine needs at its slowest, and one step with a jump of the clock.
constexpr Patience::Moment AnswerMost = 3s;
/// Beside that, of regular files: what asks the disk in advance is waited for, on another thread.
constexpr Patience::Moment DiskMost = 25s;
/// Between two attempts to open: time-out, pause, and look-up on another thread.
constexpr Patience::Moment OpeningMost = 240s;

/// Errors that may come without any answer of the world's having been one.
void addOwnCauses(StreamCheck& check, const SourcePlan& source, bool buffersScarce)
{
    check.told(errnoError(EMFILE));
    if (source.isTcp())
    {
        check.told(IoError::DeadlineExpired);
    }
    if (buffersScarce)
    {
        check.told(std::make_error_code(std::errc::no_buffer_space));
    }
}

} // namespace

Life::Life(RunContext& runContext, const SourcePlan& sourcePlan, LifePlan lifePlan,
           OriginId lifeOrigin, std::function<void()> whenLifeIsOver)
    : context(runContext),
      source(sourcePlan),
      plan(std::move(lifePlan)),
      origin(lifeOrigin),
      stream(runContext.simulation,
             fmt::format("{}, {} consumer,", describe(sourcePlan), toString(plan.consumer.kind)),
             lifeOrigin, runContext.runtime->buffers().ioPool(0).bufferSizeBytes()),
      whenOver(std::move(whenLifeIsOver))
{
    addOwnCauses(stream, source, context.buffersScarce);
}

void Life::start()
{
    ++context.tally.lives;
    const auto name = fmt::format("source-{}", source.number);
    const SourceDescriptor descriptor(name, source.isTcp() ? "tcp" : "file", plan.parameters);
    handle = SourceProvider(*context.runtime).provide(origin, descriptor);
    if (plan.consumer.kind == ConsumerKind::Channel)
    {
        startChannelFiber();
    }
    const bool started = handle->start(makeEmitFunction());
    if (!started)
    {
        stream.fail("cannot be started");
    }
    constexpr std::uint64_t SecondStartEach = 8;
    if (context.chance.oneIn(SecondStartEach) && handle->start([](OriginId, SourceEvent) {}))
    {
        stream.fail("is started a second time");
    }
    constexpr std::uint64_t StopAtOnceEach = 24;
    if (context.chance.oneIn(StopAtOnceEach))
    {
        askStop(makeStopKind(context.chance));
    }
}

void Life::requestFlush()
{
    if (handle)
    {
        demandedAt = demanded ? demandedAt : context.patience.now();
        demanded = true;
        ++context.tally.flushes;
        handle->requestFlush();
    }
}

void Life::askStop(StopKind kind)
{
    if (isOver || destroying || !handle)
    {
        return;
    }
    switch (kind)
    {
    case StopKind::Stop:
        noteStop();
        handle->stop();
        break;
    case StopKind::TryStop:
        noteStop();
        pollOver();
        break;
    case StopKind::Destroy:
        destroying = true;
        context.runtime
            ->spawn({.name = "destroys-a-handle"},
                    [self = shared_from_this()]
                    {
                        self->destroyHandle();
                    })
            .detach();
        break;
    }
}

/// On a fiber.
void Life::destroyHandle()
{
    noteStop();
    {
        // Moved first: the consumer must not find a handle that is on its way out.
        const auto dying = std::move(*handle);
        handle.reset();
    }
    context.simulation.after(0ns, "a handle is destroyed",
                             [self = shared_from_this()]
                             {
                                 self->finish();
                             });
}

/// From here on a stop may be seen. Whoever holds buffers until then gives them back.
void Life::noteStop()
{
    if (stopAsked)
    {
        return;
    }
    stopAsked = context.patience.now();
    context.simulation.after(context.chance.spread(0ns, 10s), "a consumer gives back its hoard",
                             [self = shared_from_this()]
                             {
                                 self->releaseWindow();
                             });
    if (!polling)
    {
        polling = true;
        context.simulation.after(context.chance.spread(10us, 100ms), "tryStop",
                                 [self = shared_from_this()]
                                 {
                                     self->pollOver();
                                 });
    }
}

/// Until the source is over: what a host does that has asked for a stop, or has seen the last
/// event.
void Life::pollOver()
{
    if (isOver || destroying || !handle)
    {
        return;
    }
    if (handle->tryStop(0ns) == TryStopResult::Success)
    {
        finish();
        return;
    }
    polling = true;
    context.simulation.after(context.chance.spread(100us, 500ms), "tryStop again",
                             [self = shared_from_this()]
                             {
                                 self->pollOver();
                             });
}

void Life::finish()
{
    if (isOver)
    {
        return;
    }
    isOver = true;
    if (!emitGone)
    {
        stream.fail("has stopped, and its emit function still exists");
    }
    if (notTaken > 0)
    {
        stream.refused();
    }
    stream.over(wasAskedToStop());
    if (handle)
    {
        const auto statistics = handle->statistics();
        stream.finalNumbers(statistics, notTaken, plan, wasAskedToStop());
        auto& tally = context.tally;
        tally.ended += statistics.state == SourceState::Ended ? 1 : 0;
        tally.failed += statistics.state == SourceState::Failed ? 1 : 0;
        tally.stopped += statistics.state == SourceState::Stopped ? 1 : 0;
        tally.opens += statistics.opens;
        tally.retries += statistics.retries;
        tally.bufferWaits += statistics.bufferWaits;
        tally.buffersDropped += statistics.buffersDropped;
        handle.reset();
    }
    context.tally.buffers += stream.buffers();
    context.tally.bytes += stream.bytes();
    if (!wasAskedToStop())
    {
        releaseWindow();
    }
    whenOver();
}

void Life::look()
{
    if (isOver)
    {
        return;
    }
    const auto now = context.patience.now();
    lookAtStop(now);
    if (emitGone || inEmit || stopAsked || stream.hasRefused())
    {
        reading.forget();
        flushing.forget();
        opening.forget();
        return;
    }
    lookAtData(now);
}

/// What the source may need for an answer.
Patience::Moment Life::answerMost() const noexcept
{
    return AnswerMost + (source.transport == Transport::Regular ? DiskMost : 0s);
}

void Life::lookAtStop(Patience::Moment now)
{
    // Who takes a buffer out of the channel sees no stop.
    const auto channelMost =
        plan.consumer.kind == ConsumerKind::Channel ? 2 * plan.consumer.timeMost : 0ns;
    if (stopAsked && now - *stopAsked > answerMost() + channelMost)
    {
        stream.fail(fmt::format("was asked to stop long ago and is not over; it is {}{}",
                                handle ? toString(handle->statistics().state) : "being destroyed",
                                inEmit ? ", in its emit function" : ""));
    }
}

/// With bytes to read and its own buffer back it must go on, however many buffers others hold.
void Life::lookAtData(Patience::Moment now)
{
    const auto content = stream.current();
    const auto account = content ? context.simulation.account(*content) : simulation::FeedAccount{};
    const bool isOpen =
        content && account.opens > account.closes && !account.endTold && account.errorTold == 0;
    lookAtOpening(now, isOpen);
    lookAtFlush(now, isOpen && account.deliveredBytes > stream.emittedOfCurrent());
    // Its first buffer may be owed to it, until others give theirs back.
    const bool ownBufferBack = *heldCount == 0 && stream.buffers() > 0;
    const bool readable = isOpen && account.writtenBytes > account.deliveredBytes;
    const auto late =
        reading.look(now, readable && ownBufferBack, account.deliveredBytes + stream.bytes());
    if (late > answerMost())
    {
        stream.fail("has bytes to read, its own buffer is back, and it does not go on");
    }
}

/// However many bytes come after the first.
void Life::lookAtFlush(Patience::Moment now, bool partlyFilled)
{
    const auto late = flushing.look(now, partlyFilled, stream.buffers());
    if (late > answerMost() + plan.flushInterval)
    {
        stream.fail("has bytes in its buffer for longer than its flush interval");
    }
    if (demanded && partlyFilled && now - std::max(demandedAt, now - late) > answerMost())
    {
        stream.fail("has bytes in its buffer, and a flush was asked for long ago");
    }
}

void Life::lookAtOpening(Patience::Moment now, bool isOpen)
{
    if (isOpen)
    {
        opening.forget();
        return;
    }
    const auto statistics = handle ? handle->statistics() : SourceStatistics{};
    const auto late = opening.look(now, statistics.state == SourceState::Opening,
                                   answers + statistics.retries + statistics.buffers);
    if (late > OpeningMost)
    {
        stream.fail("is opening, and nothing happens any more");
    }
}

} // namespace weft::sim
