#include "weft_receivers.hpp"

#include <weft/reactor/reactor.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "process_setup.hpp"

#include <fmt/format.h>

#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace weft::bench
{

namespace
{

/// A reactor for each lane, all of which have as many sources.
RuntimeOptions optionsFor(Lanes lanes, EngineKind engine, bool threads)
{
    constexpr std::uint32_t SharedBuffers = 4096;
    const auto sources = static_cast<std::uint32_t>(lanes.front()->plan().sources());
    std::vector<int> cpus;
    for (const auto* const lane : lanes)
    {
        cpus.push_back(lane->plan().receiverCpu);
    }
    return {.reactors = lanes.size(),
            .cpus = std::move(cpus),
            .buffersPerReactor = sources + SharedBuffers,
            .threadBuffers = threads ? sources + SharedBuffers : 0,
            .bufferSizeBytes = BufferBytes,
            .spawnQueuePerReactor = sources + 1,
            .engine = engine};
}

SourceDescriptor describe(const ReceiverContext& context, std::size_t source, bool threads)
{
    const auto& plan = context.plan();
    // No flush interval is as good as one that no run lives to see.
    ParameterTexts texts{
        {"flush_interval", plan.flushNs < 0 ? "1h" : fmt::format("{}ns", plan.flushNs)},
        {"execution", threads ? "thread" : "fiber"}};
    if (plan.files)
    {
        texts.emplace("path", context.path(source));
        return {fmt::format("{}", source), "file", texts};
    }
    texts.emplace("host", context.host(source));
    texts.emplace("port", fmt::format("{}", context.port(source)));
    return {fmt::format("{}", source), "tcp", texts};
}

/// The engine that the runtime has, which need not be the one that was asked for.
std::string engineName(Runtime& runtime)
{
    std::string name;
    runtime
        .spawn({.name = "engine-name"},
               [&name]
               {
                   name = Reactor::current()->engine().name();
               })
        .join();
    return name;
}

void requireEngine(Runtime& runtime, EngineKind engine)
{
    const auto name = engineName(runtime);
    if (name != toString(engine))
    {
        throw ReceiverUnavailable(
            fmt::format("asked for {}, weft runs on {}", toString(engine), name));
    }
}

/// What one lane cannot go on with ends the run of all.
void failAll(Lanes lanes, const std::string& problem)
{
    for (auto* const lane : lanes)
    {
        lane->sink().fail(problem);
    }
}

void handOn(Lanes lanes, Sink& sink, OriginId origin, const SourceEvent& event)
{
    if (const auto* const data = std::get_if<SourceData>(&event))
    {
        sink.take(origin, data->buffer.bytes());
    }
    else if (const auto* const failure = std::get_if<SourceFailure>(&event))
    {
        failAll(lanes, fmt::format("source {}: {}", origin, failure->message));
    }
    else
    {
        sink.end(origin);
    }
}

/// Each thread waits for its socket and for its stop, an eventfd.
void requireDescriptorsForThreads(const RunPlan& plan)
{
    constexpr std::size_t ForEachSource = 2;
    constexpr std::size_t Others = 64;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const auto needed = plan.sources() * ForEachSource + Others;
    if (limit.rlim_cur < needed)
    {
        throw ReceiverUnavailable(fmt::format(
            "needs {} descriptors, {} for each source: its socket and the eventfd by which it is "
            "stopped; {} are allowed: raise 'ulimit -n'",
            needed, ForEachSource, limit.rlim_cur));
    }
}

CallCounts countsOf(const Runtime& runtime)
{
    CallCounts counts;
    for (const auto& reactor : runtime.statistics())
    {
        // The calls that epoll takes are the C library's, and counted as such.
        counts.systemCalls +=
            reactor.engineName == toString(EngineKind::IoUring) ? reactor.engine.systemCalls : 0;
        counts.wakeUps += reactor.engine.wakeUps;
    }
    return counts;
}

/// All sources of lane `index` on the reactor of that number, into the lane's own sink.
std::vector<SourceHandle> startLane(const SourceProvider& provider, Lanes lanes, std::size_t index,
                                    bool threads)
{
    auto& lane = *lanes[index];
    std::vector<SourceHandle> sources;
    sources.reserve(lane.plan().sources());
    for (std::size_t source = 0; source < lane.plan().sources(); ++source)
    {
        sources.push_back(provider.provide(source, describe(lane, source, threads), index));
        if (!sources.back().start(
                [lanes, &sink = lane.sink()](OriginId origin, const SourceEvent& event)
                {
                    handOn(lanes, sink, origin, event);
                }))
        {
            throw std::logic_error("a source was started twice");
        }
    }
    return sources;
}

/// A process for each lane would have a thread for each that starts its sources, on the lane's CPU:
/// so does one for all.
std::vector<std::vector<SourceHandle>> startLanes(const SourceProvider& provider, Lanes lanes,
                                                  bool threads)
{
    std::vector<std::vector<SourceHandle>> sources(lanes.size());
    std::vector<std::future<void>> starters;
    for (std::size_t index = 1; index < lanes.size(); ++index)
    {
        starters.push_back(std::async(std::launch::async,
                                      [&, index]
                                      {
                                          pinTo(lanes[index]->plan().receiverCpu);
                                          sources[index] =
                                              startLane(provider, lanes, index, threads);
                                      }));
    }
    pinTo(lanes.front()->plan().receiverCpu);
    sources.front() = startLane(provider, lanes, 0, threads);
    for (auto& starter : starters)
    {
        starter.get();
    }
    return sources;
}

void receive(Lanes lanes, EngineKind engine, bool threads)
{
    Runtime runtime(optionsFor(lanes, engine, threads));
    requireEngine(runtime, engine);
    const SourceProvider provider(runtime);
    auto& process = *lanes.front();
    process.setCounter(
        [&runtime]
        {
            return countsOf(runtime);
        });
    process.ready();
    const auto sources = startLanes(provider, lanes, threads);
    for (auto* const lane : lanes)
    {
        lane->sink().waitUntilAllEnded();
    }
    process.finished();
    process.setCounter({});
}

} // namespace

void receiveByWeftOnUring(Lanes lanes)
{
    receive(lanes, EngineKind::IoUring, false);
}

void receiveByWeftOnEpoll(Lanes lanes)
{
    receive(lanes, EngineKind::Epoll, false);
}

void receiveByWeftThreads(Lanes lanes)
{
    requireDescriptorsForThreads(lanes.front()->plan());
    receive(lanes, EngineKind::IoUring, true);
}

} // namespace weft::bench
