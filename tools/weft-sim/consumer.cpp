#include <weft/memory/assert.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_error.hpp>

#include "life.hpp"

#include <stdexcept>
#include <utility>

/// \file
/// A life's emit function: every kind of consumer.

namespace weft::sim
{

namespace
{

using namespace std::chrono_literals;

constexpr const char* ThrownText = "the consumer throws";

/// Buffers that a channel has room for, and one more.
constexpr std::size_t ChannelCapacity = 4;

class MarkWhile
{
public:
    explicit MarkWhile(bool& markedFlag) noexcept : flag(markedFlag)
    {
        flag = true;
    }

    ~MarkWhile()
    {
        flag = false;
    }

    MarkWhile(const MarkWhile&) = delete;
    MarkWhile& operator=(const MarkWhile&) = delete;

private:
    bool& flag;
};

} // namespace

class Life::Emitter
{
public:
    explicit Emitter(std::shared_ptr<Life> ownLife) noexcept : life(std::move(ownLife))
    {
    }

    Emitter(Emitter&&) noexcept = default;
    Emitter& operator=(Emitter&&) = delete;

    ~Emitter()
    {
        if (life != nullptr)
        {
            life->emitterGone();
        }
    }

    Life& operator*() const noexcept
    {
        return *life;
    }

private:
    std::shared_ptr<Life> life;
};

EmitFunction Life::makeEmitFunction()
{
    Emitter emitter(shared_from_this());
    if (plan.consumer.kind == ConsumerKind::Refusing)
    {
        readiness =
            context.chance.oneIn(3) ? context.sharedReadiness : std::make_shared<EmitReadiness>();
        return emitWhenReady(
            [emitter = std::move(emitter)](OriginId from, SourceEvent& event)
            {
                return (*emitter).offer(from, event);
            },
            readiness);
    }
    return [emitter = std::move(emitter)](OriginId from, SourceEvent event)
    {
        (*emitter).take(from, std::move(event));
    };
}

void Life::take(OriginId from, SourceEvent event)
{
    const MarkWhile mark(inEmit);
    see(from, event);
    if (auto* const data = std::get_if<SourceData>(&event))
    {
        actInEmit();
        consume(std::move(*data));
    }
    else if (plan.consumer.kind == ConsumerKind::Sleeping)
    {
        sleepInEmit();
    }
}

bool Life::offer(OriginId from, SourceEvent& event)
{
    auto* const data = std::get_if<SourceData>(&event);
    if (!offered)
    {
        see(from, event);
        if (data != nullptr)
        {
            actInEmit();
            ++notTaken; // so far
        }
        offered = true;
        inEmit = true;
    }
    else if (data != nullptr && data->buffer.metadata().sequenceNumber + 1 != stream.buffers())
    {
        stream.fail("offers another buffer than the one that was refused");
    }
    auto& chance = context.chance;
    if (!chance.oneIn(plan.consumer.count))
    {
        context.simulation.after(chance.spread(0ns, plan.consumer.timeMost), "room again",
                                 [signal = readiness]
                                 {
                                     signal->signal();
                                 });
        return false;
    }
    if (data != nullptr)
    {
        --notTaken;
        releaseLater(context.held.keep(std::move(data->buffer), place, heldCount));
    }
    offered = false;
    inEmit = false;
    return true;
}

/// The first that is seen of an event.
void Life::see(OriginId from, const SourceEvent& event)
{
    auto& trace = context.simulation.trace();
    const auto now = context.simulation.now();
    if (emitGone)
    {
        stream.fail("emits although its emit function is gone");
    }
    if (const auto* const data = std::get_if<SourceData>(&event))
    {
        ++events;
        trace.note(now, "source {} emits {} bytes, its buffer {}", source.number,
                   data->buffer.sizeBytes(), stream.buffers());
        place = stream.data(from, data->buffer);
        demanded = false;
    }
    else if (const auto* const failure = std::get_if<SourceFailure>(&event))
    {
        const bool isErrno = failure->code.category() == std::system_category();
        trace.note(now,
                   isErrno ? "source {} emits an error, {errno}"
                           : "source {} emits an error, its code is {}",
                   source.number, static_cast<std::uint64_t>(failure->code.value()));
        stream.failure(*failure);
    }
    else
    {
        trace.note(now, "source {} emits the end of its stream", source.number);
        stream.endOfStream(wasAskedToStop());
    }
}

/// What a consumer may do to its own source.
void Life::actInEmit()
{
    const auto& consumer = plan.consumer;
    if (consumer.flushesEach != 0 && events % consumer.flushesEach == 0)
    {
        requestFlush();
    }
    if (consumer.stopsAt == events && handle)
    {
        noteStop();
        handle->stop();
    }
    if (consumer.throwsAt == events)
    {
        stream.consumerThrows(ThrownText);
        throw std::runtime_error(ThrownText);
    }
}

void Life::consume(SourceData data)
{
    const auto id = context.held.keep(std::move(data.buffer), place, heldCount);
    switch (plan.consumer.kind)
    {
    case ConsumerKind::Prompt:
        context.held.release(id);
        break;
    case ConsumerKind::Holding:
    case ConsumerKind::Refusing:
        releaseLater(id);
        break;
    case ConsumerKind::Windowed:
        window.push_back(id);
        if (window.size() >= plan.consumer.count || stopAsked)
        {
            releaseWindow();
        }
        break;
    case ConsumerKind::Hoarding:
        window.push_back(id);
        break;
    case ConsumerKind::Sleeping:
    case ConsumerKind::Quitting:
        window.push_back(id);
        sleepInEmit();
        releaseWindow();
        break;
    case ConsumerKind::Channel:
        if (channel->push(id) != boost::fibers::channel_op_status::success)
        {
            stream.fail("finds its channel closed");
        }
        break;
    }
}

void Life::sleepInEmit()
{
    const auto& consumer = plan.consumer;
    if (events % consumer.count != 0)
    {
        return;
    }
    const auto slept = io::sleepFor(context.chance.between(0ns, consumer.timeMost));
    if (!slept && consumer.kind == ConsumerKind::Quitting)
    {
        ++notTaken;
        stream.refused();
        releaseWindow();
        throw SourceError(slept.error(), "sleep");
    }
    if (!slept && !stopAsked)
    {
        stream.fail("sees a stop that nobody has asked for");
    }
}

/// The other end of the channel. It ends when the channel is closed, not when the source stops.
void Life::startChannelFiber()
{
    channel = std::make_shared<Channel>(ChannelCapacity);
    context.runtime
        ->spawn({.name = "channel-consumer"},
                [self = shared_from_this()]
                {
                    HeldBuffers::Id id = 0;
                    while (self->channel->pop(id) == boost::fibers::channel_op_status::success)
                    {
                        auto& chance = self->context.chance;
                        const auto most = self->plan.consumer.timeMost / ChannelCapacity;
                        if (chance.oneIn(self->plan.consumer.count))
                        {
                            [[maybe_unused]] const auto slept =
                                io::sleepFor(chance.between(0ns, most));
                        }
                        self->context.held.release(id);
                    }
                })
        .detach();
}

void Life::releaseLater(HeldBuffers::Id id)
{
    context.simulation.after(context.chance.spread(0ns, plan.consumer.timeMost),
                             "a consumer gives back a buffer",
                             [&held = context.held, id]
                             {
                                 held.release(id);
                             });
}

void Life::releaseWindow()
{
    for (const auto id : std::exchange(window, {}))
    {
        context.held.release(id);
    }
}

/// On the source's fiber: the emit function is destroyed.
void Life::emitterGone()
{
    if (emitGone)
    {
        stream.fail("has two emit functions");
    }
    emitGone = true;
    inEmit = false;
    if (channel != nullptr)
    {
        channel->close();
    }
    if (!polling && !destroying)
    {
        polling = true;
        context.simulation.after(context.chance.spread(10us, 1s), "the host sees the last event",
                                 [self = shared_from_this()]
                                 {
                                     self->pollOver();
                                 });
    }
}

} // namespace weft::sim
