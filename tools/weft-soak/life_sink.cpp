#include "life_sink.hpp"

#include <weft/reactor/io.hpp>
#include <weft/sources/quantity.hpp>

#include "consumer_groups.hpp"
#include "findings.hpp"
#include "prompter.hpp"
#include "tally.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <thread>
#include <utility>
#include <variant>

namespace weft::soak
{

namespace
{

/// Buffers that are kept although they must not be.
std::vector<IoBuffer>& keptForEver()
{
    static std::vector<IoBuffer> buffers;
    return buffers;
}

} // namespace

/// Goes with the runtime's copy of the emit function.
struct LifeSink::Token
{
    explicit Token(LifeSink& owner) noexcept : sink(&owner)
    {
    }

    Token(Token&& other) noexcept : sink(std::exchange(other.sink, nullptr))
    {
    }

    Token& operator=(Token&&) = delete;

    ~Token()
    {
        if (sink != nullptr)
        {
            sink->destroyed.store(true, std::memory_order_release);
        }
    }

    LifeSink* sink;
};

LifeSink::LifeSink(const SoakContext& soakContext, const LifePlan& lifePlan, std::string sourceName)
    : context(soakContext),
      plan(lifePlan),
      name(std::move(sourceName)),
      streamChecker(context.seed, lifePlan),
      random({context.seed, 5, lifePlan.id.round, lifePlan.id.source, lifePlan.id.life}),
      flushInterval(parseDuration(lifePlan.flushInterval).value()),
      plant(context.plant)
{
}

EmitFunction LifeSink::emitFunction()
{
    auto& group = context.groups->of(plan.id.source);
    if (plan.consumer.kind == ConsumerKind::Refusing)
    {
        auto ready =
            plan.consumer.sharesSignal ? group.readiness : std::make_shared<EmitReadiness>();
        return emitWhenReady(
            [token = Token(*this), ready](OriginId origin, SourceEvent& event)
            {
                return token.sink->offer(origin, event, ready);
            },
            ready);
    }
    auto take = [token = Token(*this)](OriginId origin, SourceEvent event)
    {
        token.sink->take(origin, std::move(event));
    };
    if (plan.consumer.kind == ConsumerKind::Blocking)
    {
        return group.blocking.emitFunction(std::move(take));
    }
    return take;
}

bool LifeSink::offer(OriginId origin, SourceEvent& event,
                     const std::shared_ptr<EmitReadiness>& ready)
{
    const auto now = Clock::now();
    if (!refusedUntil && ++eventsOffered % plan.consumer.count == 0)
    {
        // Half of the signals race with the refusal.
        refusedUntil = now + (random.chance(50) ? std::chrono::milliseconds() : someTime());
        const auto* const data = std::get_if<SourceData>(&event);
        bytesRefused = data != nullptr ? data->buffer.sizeBytes() : 0;
        context.prompter.add(*refusedUntil,
                             [ready]
                             {
                                 ready->signal();
                                 return std::optional<Clock::time_point>();
                             });
        return false;
    }
    if (refusedUntil && now < *refusedUntil)
    {
        return false;
    }
    refusedUntil.reset();
    bytesRefused = 0;
    take(origin, std::move(event));
    return true;
}

void LifeSink::take(OriginId origin, SourceEvent event)
{
    context.tally.events.fetch_add(1, std::memory_order_relaxed);
    if (inside.exchange(true))
    {
        fail("expected: one event after the other; found: an event during another one");
    }
    const std::unique_ptr<std::atomic<bool>, void (*)(std::atomic<bool>*)> leaving(
        &inside,
        [](std::atomic<bool>* entered)
        {
            entered->store(false);
        });
    if (last != LastEvent::None)
    {
        fail("expected: nothing after the last event; found: another event");
    }
    if (origin != plan.id.source)
    {
        fail(fmt::format("expected: origin {}; found: {}", plan.id.source, origin));
    }
    if (auto* const data = std::get_if<SourceData>(&event))
    {
        takeData(std::move(data->buffer));
    }
    else if (auto* const failure = std::get_if<SourceFailure>(&event))
    {
        last = LastEvent::Failure;
        code = failure->code;
        message = failure->message;
    }
    else
    {
        last = LastEvent::EndOfStream;
    }
    if (last != LastEvent::None)
    {
        lastTime = Clock::now();
        isOver.store(true, std::memory_order_release);
    }
}

void LifeSink::takeData(IoBuffer buffer)
{
    if (plantIn(buffer))
    {
        return;
    }
    if (!thrown.empty())
    {
        fail("expected: the failure, for the consumer has thrown; found: data");
    }
    check(buffer);
    ++buffersTaken;
    bytesTaken += buffer.sizeBytes();
    context.tally.bytesChecked.fetch_add(buffer.sizeBytes(), std::memory_order_relaxed);
    if (plan.buffersInFlightMax > 0)
    {
        checkInFlight();
    }
    if (plan.demand.fromEmitEach > 0 && buffersTaken % plan.demand.fromEmitEach == 0)
    {
        demand();
    }
    if (plan.stop.kind == StopKind::FromEmit && buffersTaken == plan.stop.afterEvents)
    {
        handle->stop();
        noteStop();
        isOver.store(true, std::memory_order_release);
    }
    consume(std::move(buffer));
    if (buffersTaken == plan.consumer.throwsAt)
    {
        throwAsPlanned();
    }
}

/// Half of them with a code for which a source that threw it itself would be opened again.
void LifeSink::throwAsPlanned()
{
    const auto text = fmt::format("the consumer of {} takes no more", name);
    if (plan.id.life % 2 == 0)
    {
        thrown = text;
        throw std::runtime_error(text);
    }
    const std::system_error error(ECONNRESET, std::system_category(), text);
    thrown = error.what();
    throw error;
}

/// As weft counts them, and as they are counted here.
void LifeSink::checkInFlight()
{
    const auto said = handle->statistics().buffersInFlight;
    const auto counted = held->load() + 1;
    if (std::max(said, counted) > plan.buffersInFlightMax)
    {
        fail(fmt::format("expected: at most {} buffers in flight; found: {}, {} of them with the "
                         "consumer",
                         plan.buffersInFlightMax, said, counted));
    }
}

/// Of a consumer that takes each buffer at once.
void LifeSink::checkDelays(const BufferMetadata& metadata)
{
    constexpr std::chrono::seconds DemandDelayMax{3};
    const auto now = Clock::now();
    // From the first byte to here, beyond the time that it may wait for others.
    context.tally.worstDelay.note(now - metadata.creationTime - flushInterval);
    // A demand that the source has seen by now was noted before.
    const auto demanded = demandedAt.exchange(0);
    if (demanded == 0)
    {
        return;
    }
    const Clock::time_point since{std::chrono::nanoseconds(demanded)};
    const auto delay = now - std::max(since, metadata.creationTime);
    context.tally.worstDemandDelay.note(delay);
    if (delay > DemandDelayMax)
    {
        fail(fmt::format("expected: bytes within {} when they are demanded; found: after {}",
                         formatDuration(DemandDelayMax), formatDuration(delay)));
    }
}

void LifeSink::demand() noexcept
{
    demandCount.fetch_add(1);
    Clock::rep none = 0;
    demandedAt.compare_exchange_strong(none, Clock::now().time_since_epoch().count());
    handle->requestFlush();
}

/// Whether the mistake was made, and is all that happens with this buffer.
bool LifeSink::plantIn(IoBuffer& buffer)
{
    if (plant == Plant::Nothing || buffer.sizeBytes() < 2)
    {
        return false;
    }
    const auto what = std::exchange(plant, Plant::Nothing);
    while (what == Plant::BlockForEver)
    {
        std::this_thread::sleep_for(std::chrono::hours(1));
    }
    if (what == Plant::ChangeByte)
    {
        buffer.writable()[buffer.sizeBytes() - 1] ^= std::byte{1};
        return false;
    }
    // The buffer's own bytes are ours to change; the runner has counted them already.
    if (what == Plant::LoseByte)
    {
        buffer.setSizeBytes(buffer.sizeBytes() - 1);
        return false;
    }
    check(buffer);
    ++buffersTaken;
    bytesTaken += buffer.sizeBytes();
    keptForEver().push_back(std::move(buffer));
    return true;
}

void LifeSink::check(const IoBuffer& buffer)
{
    const auto& metadata = buffer.metadata();
    if (metadata.originId != plan.id.source || metadata.sequenceNumber != buffersTaken)
    {
        fail(fmt::format("expected: buffer {} of origin {}; found: buffer {} of origin {}",
                         buffersTaken, plan.id.source, metadata.sequenceNumber, metadata.originId));
    }
    if (buffer.sizeBytes() == 0)
    {
        fail("expected: buffers with bytes; found: an empty one");
    }
    if (plan.consumer.kind == ConsumerKind::Prompt)
    {
        checkDelays(metadata);
    }
    if (!failed && !streamChecker.take(buffer.bytes()))
    {
        fail(streamChecker.problem());
    }
}

void LifeSink::consume(IoBuffer buffer)
{
    const auto& consumer = plan.consumer;
    switch (consumer.kind)
    {
    case ConsumerKind::Prompt:
        return;
    case ConsumerKind::Sleeping:
        if (buffersTaken % consumer.count == 0)
        {
            // A stop ends the sleep: nothing depends on its length.
            static_cast<void>(io::sleepFor(someTime()));
        }
        return;
    case ConsumerKind::Holding:
        context.holder.hold(std::move(buffer), Clock::now() + someTime(), held);
        return;
    case ConsumerKind::Hoarding:
        if (const auto until = startTime + consumer.timeMax;
            hoarded < consumer.count && Clock::now() < until)
        {
            ++hoarded;
            context.holder.hold(std::move(buffer), until, held);
        }
        return;
    case ConsumerKind::Refusing: // has been refused before
        return;
    case ConsumerKind::Blocking:
        if (buffersTaken % consumer.count == 0)
        {
            std::this_thread::sleep_for(someTime());
        }
        return;
    }
}

std::chrono::milliseconds LifeSink::someTime() noexcept
{
    return std::chrono::milliseconds(random.between(0, plan.consumer.timeMax.count()));
}

void LifeSink::noteStop() noexcept
{
    std::int64_t never = 0;
    stopNs.compare_exchange_strong(never, Clock::now().time_since_epoch().count());
}

std::optional<Clock::time_point> LifeSink::stopTime() const noexcept
{
    const auto time = stopNs.load();
    return time == 0 ? std::nullopt
                     : std::optional(Clock::time_point(std::chrono::nanoseconds(time)));
}

/// The first mistake of a life is said; what follows from it is not.
void LifeSink::fail(const std::string& what)
{
    if (!std::exchange(failed, true))
    {
        context.findings.add(name, what);
    }
}

} // namespace weft::soak
