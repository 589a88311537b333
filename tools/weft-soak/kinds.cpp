#include "plan.hpp"
#include "random.hpp"

#include <algorithm>
#include <array>
#include <numeric>

/// \file
/// The population: which kinds of source there are, how many of each, and what they meet. A new
/// kind is a function and a line of the table.

namespace weft::soak
{

namespace
{

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;
constexpr std::chrono::seconds FruitlessPauseMax{20};

struct Kind
{
    std::string_view name;
    unsigned weight; // its share of the population
    void (*shape)(Random& random, LifePlan& plan);
};

milliseconds millisecondsBetween(Random& random, std::uint64_t least, std::uint64_t most)
{
    return milliseconds(random.between(least, most));
}

ConnectionPlan connection(std::uint64_t totalBytes, std::uint64_t writeBytesMax,
                          std::uint64_t pauseUs)
{
    return {.totalBytes = totalBytes,
            .writeBytesMax = static_cast<std::uint32_t>(writeBytesMax),
            .writePause = microseconds(pauseUs)};
}

void addStall(Random& random, ConnectionPlan& planned, unsigned percent)
{
    if (random.chance(percent))
    {
        planned.stallAtBytes = random.below(planned.totalBytes + 1);
        planned.stallFor = millisecondsBetween(random, 50, 1500);
    }
}

ConnectionEnd anyEnd(Random& random)
{
    constexpr std::array Ends{ConnectionEnd::Close, ConnectionEnd::Close, ConnectionEnd::HalfClose,
                              ConnectionEnd::Reset, ConnectionEnd::Stay};
    return Ends[random.below(Ends.size())];
}

void shapeFlood(Random& random, LifePlan& plan)
{
    plan.recordBytesMax = static_cast<std::uint32_t>(random.between(1 * KiB, 16 * KiB));
    auto planned = connection(random.between(2 * MiB, 32 * MiB), 64 * KiB, 0);
    addStall(random, planned, 20);
    planned.end = anyEnd(random);
    plan.connections = {planned};
}

void shapeSteady(Random& random, LifePlan& plan)
{
    plan.recordBytesMax = static_cast<std::uint32_t>(random.between(100, 2 * KiB));
    auto planned = connection(random.between(64 * KiB, 1 * MiB), random.between(200, 8 * KiB),
                              random.between(1000, 10000));
    addStall(random, planned, 30);
    planned.end = anyEnd(random);
    plan.connections = {planned};
}

void shapeTrickle(Random& random, LifePlan& plan)
{
    plan.recordBytesMax = static_cast<std::uint32_t>(random.between(80, 300));
    auto planned =
        connection(random.between(1, 4000), random.between(1, 64), random.between(2000, 100000));
    addStall(random, planned, 30);
    planned.end = anyEnd(random);
    plan.connections = {planned};
}

/// Connected, and then nothing: it costs nothing, and must stop as fast as any other.
void shapeSilent(Random& random, LifePlan& plan)
{
    plan.recordBytesMax = 100;
    auto planned = connection(0, 1, 0);
    planned.end = random.chance(80) ? ConnectionEnd::Stay : anyEnd(random);
    if (random.chance(30)) // before it ends
    {
        planned.stallFor = millisecondsBetween(random, 50, 3000);
    }
    plan.connections = {planned};
}

/// Loses its connection again and again, sometimes before a byte has come, and comes back.
void shapeFlaky(Random& random, LifePlan& plan)
{
    plan.recordBytesMax = static_cast<std::uint32_t>(random.between(80, 4 * KiB));
    plan.reconnectAttempts = random.between(2, 12);
    plan.reconnectPauseMin = millisecondsBetween(random, 1, 50);
    plan.reconnectPauseMax = plan.reconnectPauseMin + millisecondsBetween(random, 0, 200);
    const auto count = random.between(2, 7);
    for (std::uint64_t index = 0; index < count; ++index)
    {
        const bool resetAtOnce = random.chance(20);
        auto planned = connection(resetAtOnce ? 0 : random.between(1, 256 * KiB),
                                  random.between(1 * KiB, 64 * KiB), random.below(5000));
        planned.end = ConnectionEnd::Reset;
        if (random.chance(35))
        {
            planned.refusedFor = millisecondsBetween(random, 1, 400);
        }
        addStall(random, planned, 15);
        plan.connections.push_back(planned);
    }
    constexpr std::array LastEnds{ConnectionEnd::Close, ConnectionEnd::HalfClose,
                                  ConnectionEnd::Stay};
    plan.connections.back().end = LastEnds[random.below(LastEnds.size())];
}

/// Is accepted and reset before a byte has come, again and again: the row of attempts goes on, and
/// ends after as many as it has. The pauses may become so long that no connection lasts for the
/// longest of them.
void shapeFruitless(Random& random, LifePlan& plan)
{
    plan.recordBytesMax = 100;
    plan.reconnectAttempts = random.between(1, 7);
    plan.reconnectPauseMin = millisecondsBetween(random, 1, 10);
    plan.reconnectPauseMax = FruitlessPauseMax;
    auto planned = connection(0, 1, 0);
    planned.end = ConnectionEnd::Reset;
    plan.connections.assign(plan.reconnectAttempts + 1, planned);
}

/// Nobody is there when it starts, often for longer than it tries.
void shapeRefused(Random& random, LifePlan& plan)
{
    shapeTrickle(random, plan);
    plan.connections.front().refusedFor = millisecondsBetween(random, 20, 3000);
    plan.reconnectAttempts = random.below(5);
    plan.reconnectPauseMin = millisecondsBetween(random, 1, 20);
    plan.reconnectPauseMax = millisecondsBetween(random, 20, 500);
    if (plan.connections.front().end == ConnectionEnd::Reset)
    {
        plan.connections.front().end = ConnectionEnd::Close;
    }
}

void shapeFile(Random& random, LifePlan& plan)
{
    plan.transport = Transport::File;
    plan.recordBytesMax = static_cast<std::uint32_t>(random.between(100, 8 * KiB));
    plan.connections = {connection(random.chance(10) ? 0 : random.between(1, 1 * MiB), 0, 0)};
}

void shapeMissingFile(Random&, LifePlan& plan)
{
    plan.transport = Transport::MissingFile;
    plan.recordBytesMax = 100;
    plan.connections = {connection(0, 0, 0)};
}

void shapeFifo(Random& random, LifePlan& plan)
{
    plan.transport = Transport::Fifo;
    plan.recordBytesMax = static_cast<std::uint32_t>(random.between(80, 4 * KiB));
    auto planned = random.chance(50)
                       ? connection(random.between(1, 2 * MiB), 16 * KiB, random.below(2000))
                       : connection(random.between(1, 3000), random.between(1, 100),
                                    random.between(1000, 50000));
    // The writer comes late; then it pauses.
    planned.refusedFor = random.chance(30) ? millisecondsBetween(random, 10, 1500) : milliseconds();
    addStall(random, planned, 30);
    planned.end = random.chance(85) ? ConnectionEnd::Close : ConnectionEnd::Stay;
    plan.connections = {planned};
}

constexpr std::array Kinds{
    Kind{"tcp-flood", 8, shapeFlood},      Kind{"tcp-steady", 50, shapeSteady},
    Kind{"tcp-trickle", 60, shapeTrickle}, Kind{"tcp-silent", 30, shapeSilent},
    Kind{"tcp-flaky", 80, shapeFlaky},     Kind{"tcp-fruitless", 10, shapeFruitless},
    Kind{"tcp-refused", 14, shapeRefused}, Kind{"file", 25, shapeFile},
    Kind{"fifo", 30, shapeFifo},           Kind{"missing-file", 3, shapeMissingFile},
};

constexpr std::uint64_t WeightsOfAll = []
{
    std::uint64_t weights = 0;
    for (const auto& kind : Kinds)
    {
        weights += kind.weight;
    }
    return weights;
}();

/// Spread evenly, so that a small population has them all in proportion too.
const Kind& kindOf(std::uint64_t seed, std::uint32_t source)
{
    const auto start = Random({seed, 1}).below(WeightsOfAll);
    // A step that shares no factor with the sum visits each place once.
    constexpr std::uint64_t GoldenStep = 187;
    static_assert(std::gcd(GoldenStep, WeightsOfAll) == 1);
    auto place = (start + source * GoldenStep) % WeightsOfAll;
    for (const auto& kind : Kinds)
    {
        if (place < kind.weight)
        {
            return kind;
        }
        place -= kind.weight;
    }
    return Kinds.back();
}

/// Less for a slow consumer, so that each stream comes to its end soon after the peer's.
void fitToConsumer(LifePlan& plan)
{
    const auto kind = plan.consumer.kind;
    if (kind == ConsumerKind::Prompt || kind == ConsumerKind::Hoarding)
    {
        return;
    }
    // Others share the threads of one that blocks.
    const auto bytesMax = kind == ConsumerKind::Blocking ? 256 * KiB : 1 * MiB;
    for (auto& planned : plan.connections)
    {
        planned.totalBytes = std::min(planned.totalBytes, bytesMax);
        planned.stallAtBytes = std::min(planned.stallAtBytes, planned.totalBytes);
    }
}

ConsumerPlan makeConsumer(Random& random)
{
    const auto choice = random.below(100);
    if (choice < 35)
    {
        return {};
    }
    if (choice < 50)
    {
        return {.kind = ConsumerKind::Sleeping,
                .timeMax = millisecondsBetween(random, 1, 30),
                .count = static_cast<std::uint32_t>(random.between(1, 50))};
    }
    if (choice < 66)
    {
        return {.kind = ConsumerKind::Holding, .timeMax = millisecondsBetween(random, 1, 60)};
    }
    if (choice < 78)
    {
        return {.kind = ConsumerKind::Refusing,
                .timeMax = millisecondsBetween(random, 1, 40),
                .count = static_cast<std::uint32_t>(random.between(1, 30)),
                .sharesSignal = random.chance(50)};
    }
    if (choice < 90)
    {
        return {.kind = ConsumerKind::Blocking,
                .timeMax = millisecondsBetween(random, 1, 20),
                .count = static_cast<std::uint32_t>(random.between(1, 20))};
    }
    return {.kind = ConsumerKind::Hoarding,
            .timeMax = millisecondsBetween(random, 200, 5000),
            .count = static_cast<std::uint32_t>(random.between(1, 64))};
}

DemandPlan makeDemand(Random& random)
{
    DemandPlan demand;
    if (random.chance(25))
    {
        demand.every = random.chance(25) ? microseconds(random.between(500, 5000))
                                         : millisecondsBetween(random, 10, 500);
    }
    if (random.chance(8))
    {
        demand.fromEmitEach = static_cast<std::uint32_t>(random.between(1, 10));
    }
    return demand;
}

/// How it is run, whatever its kind and its consumer.
void planRunning(Random& random, LifePlan& plan)
{
    constexpr std::array Limits{1U, 2U, 8U};
    plan.onThread = random.chance(15);
    if (random.chance(20))
    {
        plan.buffersInFlightMax = Limits[random.below(Limits.size())];
    }
    if (plan.reconnectAttempts > 0 && random.chance(30))
    {
        plan.reconnectTime = millisecondsBetween(random, 20, 1500);
    }
    plan.demand = makeDemand(random);
    if (random.chance(5))
    {
        plan.consumer.throwsAt = random.between(1, random.chance(50) ? 3 : 60);
    }
}

StopPlan makeStop(Random& random)
{
    constexpr std::array Ways{StopKind::TryStop, StopKind::Impatient, StopKind::Destroy,
                              StopKind::OtherThread, StopKind::FromEmit};
    if (random.chance(45))
    {
        return {};
    }
    // Many stops come while the source still opens.
    const auto after =
        random.chance(20) ? random.below(5) : random.below(random.chance(50) ? 500 : 5000);
    return {.kind = Ways[random.below(Ways.size())],
            .after = milliseconds(after),
            .afterEvents = random.between(1, 40)};
}

} // namespace

LifePlan makeLifePlan(std::uint64_t seed, LifeId id)
{
    constexpr std::array FlushIntervals{"0", "0", "1ms", "10ms", "10ms", "100ms", "2s", "1h"};
    const auto& kind = kindOf(seed, id.source);
    Random random({seed, 3, id.round, id.source, id.life});
    LifePlan plan{.id = id, .kind = kind.name};
    plan.flushInterval = FlushIntervals[random.below(FlushIntervals.size())];
    kind.shape(random, plan);
    plan.consumer = makeConsumer(random);
    fitToConsumer(plan);
    plan.stop = makeStop(random);
    planRunning(random, plan);
    plan.pauseAfter = milliseconds(random.chance(30) ? 0 : random.below(1000));
    return plan;
}

} // namespace weft::soak
