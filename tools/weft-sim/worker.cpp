#include "worker.hpp"

#include <weft/reactor/runtime.hpp>

#include "baseline.hpp"

#include <algorithm>
#include <array>

namespace weft::sim
{

namespace
{

using namespace std::chrono_literals;

/// So that what the worker draws says nothing about what the machine draws.
constexpr std::uint64_t PlanSeed = 0x9E3779B97F4A7C15;

constexpr std::uint64_t StepsBetweenPoolChecks = 32;
constexpr std::uint64_t StepsBetweenLooks = 256;
constexpr Patience::Moment BetweenLooks = 5s;

/// After the last stop was asked for: as long as one source may need, and what is retried.
constexpr Patience::Moment EndMost = 5min;
constexpr Patience::Moment BaselineMost = 1min;

} // namespace

Worker::Worker(simulation::Simulation& simulation, std::uint64_t seed,
               const WorkerOptions& workerOptions)
    : options(workerOptions),
      context{.simulation = simulation,
              .chance = Chance(seed ^ PlanSeed),
              .patience = {},
              .tally = {},
              .held = HeldBuffers(simulation)}
{
    makeQueries();
}

void Worker::makeQueries()
{
    constexpr std::uint32_t SourcesOfQueryMost = 12;
    for (std::uint32_t number = 0; number < options.sources;)
    {
        const auto most = std::min(SourcesOfQueryMost, options.sources - number);
        std::vector<std::unique_ptr<SourceSlot>> slots;
        for (auto count = context.chance.between(1, most); count > 0; --count)
        {
            slots.push_back(std::make_unique<SourceSlot>(context, number++));
        }
        queries.push_back(std::make_unique<Query>(context, std::move(slots)));
    }
}

/// Few shared buffers, so that sources compete; now and then not even one for each.
RuntimeOptions Worker::runtimeOptions()
{
    constexpr std::uint32_t StacksBeside = 64;
    auto runtimeOptions = context.simulation.runtimeOptions();
    const auto sources = options.sources;
    context.buffersScarce = sources > 1 && context.chance.oneIn(10);
    runtimeOptions.buffersPerReactor = static_cast<std::uint32_t>(
        context.buffersScarce ? context.chance.between(1, sources - 1)
                              : sources + context.chance.between(1, std::uint64_t{sources} * 2));
    constexpr std::array<std::size_t, 4> BufferSizes{1024, 4096, 4096, 16384};
    runtimeOptions.bufferSizeBytes = BufferSizes[context.chance.below(BufferSizes.size())];
    // A channel's fiber and one that destroys a handle may come with each source.
    runtimeOptions.stacksPerReactor = {sources * 3 + StacksBeside, 4, 4};
    runtimeOptions.spawnQueuePerReactor = sources + StacksBeside;
    // Often enough that bytes come after it, too.
    runtimeOptions.idleMemoryAfter = std::chrono::milliseconds(20);
    return runtimeOptions;
}

void Worker::run()
{
    auto& simulation = context.simulation;
    Runtime runtime(runtimeOptions());
    context.runtime = &runtime;
    simulation.afterEachStep(
        [this]
        {
            afterStep();
        });
    for (const auto& query : queries)
    {
        simulation.after(context.chance.spread(0ns, 10s), "a query begins",
                         [&query = *query]
                         {
                             query.begin();
                         });
    }
    wakeUps.begin();
    scheduleEnd();
    simulation.run();
    operationCount = runtime.statistics().front().engine.operations;
}

void Worker::scheduleEnd()
{
    context.simulation.after(options.duration, "all queries end",
                             [this]
                             {
                                 if (context.chance.oneIn(4))
                                 {
                                     shutDownRuntime();
                                 }
                                 else
                                 {
                                     endQueries();
                                 }
                                 awaitQueries(context.patience.now());
                             });
}

void Worker::endQueries()
{
    for (const auto& query : queries)
    {
        query->end();
    }
}

/// With everything running. A fiber asks for it: that does not wait.
void Worker::shutDownRuntime()
{
    context.runtime
        ->spawn({.name = "shuts-the-runtime-down"},
                [this]
                {
                    for (const auto& query : queries)
                    {
                        query->expectShutdown();
                    }
                    context.runtime->shutdown();
                })
        .detach();
}

void Worker::awaitQueries(Patience::Moment since)
{
    look();
    const bool over = std::ranges::all_of(queries,
                                          [](const auto& query)
                                          {
                                              return query->isOver();
                                          });
    if (over)
    {
        context.held.releaseAll();
        wakeUps.end();
        awaitBaseline(context.patience.now());
        return;
    }
    if (context.patience.now() - since > EndMost)
    {
        context.simulation.fail("all sources were asked to stop long ago, and not all are over");
    }
    context.simulation.after(100ms, "are all queries over?",
                             [this, since]
                             {
                                 awaitQueries(since);
                             });
}

/// What came back is told a little later: buffers to the pool, cancelled operations, answers that
/// nobody waits for any more.
void Worker::awaitBaseline(Patience::Moment since)
{
    look();
    if (!wakeUps.isUnderWay())
    {
        const auto left = whatIsLeft(context.simulation, *context.runtime);
        if (left.empty())
        {
            context.runtime->reactor(0).buffers().checkInvariants();
            context.simulation.end();
            return;
        }
        if (context.patience.now() - since > BaselineMost)
        {
            context.simulation.fail("all sources have stopped, and there is left: " + left);
        }
    }
    context.simulation.after(100ms, "is everything back?",
                             [this, since]
                             {
                                 awaitBaseline(since);
                             });
}

void Worker::afterStep()
{
    const auto step = ++context.tally.steps;
    if (step % StepsBetweenPoolChecks == 0)
    {
        context.runtime->reactor(0).buffers().checkInvariants();
    }
    look();
}

/// Also in actions that come again and again, for a reactor that has nothing to do makes no steps.
void Worker::look()
{
    context.patience.step(context.simulation.now());
    const auto now = context.patience.now();
    if (++looks % StepsBetweenLooks == 0 || now - lastLook > BetweenLooks)
    {
        lastLook = now;
        for (const auto& query : queries)
        {
            query->look();
        }
    }
}

} // namespace weft::sim
