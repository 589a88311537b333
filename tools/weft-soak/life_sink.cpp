#include "life_sink.hpp"

#include <weft/reactor/io.hpp>
#include <weft/sources/quantity.hpp>

#include <fmt/format.h>

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

LifeSink::LifeSink(std::uint64_t soakSeed, const LifePlan& lifePlan, BufferHolder& bufferHolder,
                   Findings& allFindings, Tally& soakTally, Plant planted, std::string sourceName)
    : plan(lifePlan),
      holder(bufferHolder),
      findings(allFindings),
      tally(soakTally),
      name(std::move(sourceName)),
      streamChecker(soakSeed, lifePlan),
      random({soakSeed, 5, lifePlan.id.round, lifePlan.id.source, lifePlan.id.life}),
      flushInterval(parseDuration(lifePlan.flushInterval).value()),
      plant(planted)
{
}

EmitFunction LifeSink::emitFunction()
{
    return [token = Token(*this)](OriginId origin, SourceEvent event)
    {
        token.sink->take(origin, std::move(event));
    };
}

void LifeSink::take(OriginId origin, SourceEvent event)
{
    tally.events.fetch_add(1, std::memory_order_relaxed);
    if (inside.exchange(true))
    {
        fail("expected: one event after the other; found: an event during another one");
    }
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
    inside.store(false);
    if (last != LastEvent::None)
    {
        isOver.store(true, std::memory_order_release);
    }
}

void LifeSink::takeData(IoBuffer buffer)
{
    if (plantIn(buffer))
    {
        return;
    }
    check(buffer);
    ++buffersTaken;
    bytesTaken += buffer.sizeBytes();
    tally.bytesChecked.fetch_add(buffer.sizeBytes(), std::memory_order_relaxed);
    if (plan.stop.kind == StopKind::FromEmit && buffersTaken == plan.stop.afterEvents)
    {
        handle->stop();
        noteStop();
        isOver.store(true, std::memory_order_release);
    }
    consume(std::move(buffer));
}

/// Whether the mistake was made, and is all that happens with this buffer.
bool LifeSink::plantIn(IoBuffer& buffer)
{
    if (plant == Plant::Nothing || buffer.sizeBytes() < 2)
    {
        return false;
    }
    const auto what = std::exchange(plant, Plant::Nothing);
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
        // From the first byte to here, beyond the time that it may wait for others.
        tally.noteDelay(Clock::now() - metadata.creationTime - flushInterval);
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
            static_cast<void>(io::sleepFor(
                std::chrono::milliseconds(random.between(0, consumer.timeMax.count()))));
        }
        return;
    case ConsumerKind::Holding:
        holder.hold(std::move(buffer), Clock::now() + std::chrono::milliseconds(random.between(
                                                          0, consumer.timeMax.count())));
        return;
    case ConsumerKind::Hoarding:
        if (const auto until = startTime + consumer.timeMax;
            hoarded < consumer.count && Clock::now() < until)
        {
            ++hoarded;
            holder.hold(std::move(buffer), until);
        }
        return;
    }
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
        findings.add(name, what);
    }
}

} // namespace weft::soak
