#include "ingest_session.hpp"

#include <weft/memory/assert.hpp>
#include <weft/reactor/thread_signals.hpp>
#include <weft/sources/printable_text.hpp>
#include <weft/sources/source_provider.hpp>

#include "ingest_worker.hpp"
#include "resource_usage.hpp"
#include "sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>

namespace weft::tools
{

namespace
{

constexpr auto AsLongAsItTakes = std::chrono::hours(24);

int makeEvent()
{
    const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0)
    {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    return descriptor;
}

/// Deliveries to a worker that can exist at once: every buffer, and two more for each source.
std::size_t queueCapacity(const RuntimeOptions& options, std::size_t sourceCount)
{
    return options.reactors * options.buffersPerReactor + options.threadBuffers + 2 * sourceCount;
}

} // namespace

IngestSession::IngestSession(IngestPlan plan)
    : ingestPlan(std::move(plan)),
      runtime(ingestPlan.runtime),
      sink(makeSink(ingestPlan)),
      startErrors(ingestPlan.sources.size()),
      doneEvent(makeEvent()),
      openSources(ingestPlan.sources.size())
{
    WEFT_ASSERT(ingestPlan.workers > 0);
    const auto sourceCount = ingestPlan.sources.size();
    const SourceProvider provider(runtime);
    for (std::size_t source = 0; source < sourceCount; ++source)
    {
        if (connectionsMost(ingestPlan.sources[source]) > 0)
        {
            listenersAwaited.push_back(source);
        }
        handles.push_back(
            provider.provide(source, ingestPlan.sources[source], source % runtime.reactorCount()));
    }
    for (std::size_t index = 0; index < ingestPlan.workers; ++index)
    {
        workers.push_back(
            std::make_unique<IngestWorker>(index, ingestPlan.workers, sourceCount,
                                           queueCapacity(runtime.options(), sourceCount), *sink,
                                           WorkerEvents{.sinkFailed =
                                                            [this](std::size_t source)
                                                        {
                                                            handles[source].stop();
                                                        },
                                                        .closed =
                                                            [this]
                                                        {
                                                            sourceClosed();
                                                        }}));
    }
}

IngestSession::~IngestSession()
{
    // A worker may stop a source, so no handle goes before every source has closed.
    requestStop();
    while (started && !wait(AsLongAsItTakes))
    {
    }
    handles.clear();
    joinWorkers();
}

void IngestSession::start()
{
    WEFT_ASSERT(!started);
    startTime = Clock::now();
    usageAtStart = currentUsage();
    startWorkers();
    started = true;
    if (handles.empty())
    {
        openSources.store(1);
        sourceClosed();
    }
    for (std::size_t source = 0; source < handles.size(); ++source)
    {
        startSource(source);
    }
}

void IngestSession::startWorkers()
{
    const SignalsBlocked signalsBlocked;
    try
    {
        for (const auto& worker : workers)
        {
            threads.emplace_back(
                [&worker = *worker]
                {
                    worker.run();
                });
        }
    }
    catch (const std::system_error& error)
    {
        // An emit function that is destroyed closes its source, which ends the workers that run.
        for (std::size_t source = 0; source < handles.size(); ++source)
        {
            workers[source % workers.size()]->emitFunction(source);
        }
        const auto running = threads.size();
        joinWorkers();
        throw std::system_error(error.code(), fmt::format("cannot start worker thread {} of {}",
                                                          running + 1, workers.size()));
    }
}

void IngestSession::startSource(std::size_t source)
{
    auto& worker = *workers[source % workers.size()];
    try
    {
        const bool startedNow = handles[source].start(worker.emitFunction(source));
        WEFT_ASSERT(startedNow);
    }
    catch (const std::system_error& error)
    {
        // The emit function is destroyed by now, which has told the worker.
        startErrors[source] = error.what();
    }
}

void IngestSession::requestStop() noexcept
{
    for (auto& handle : handles)
    {
        handle.stop();
    }
}

void IngestSession::sourceClosed() noexcept
{
    if (openSources.fetch_sub(1) == 1)
    {
        doneTime.store(Clock::now().time_since_epoch().count());
        const auto result = ::eventfd_write(doneEvent.get(), 1);
        WEFT_ASSERT(result == 0);
    }
}

bool IngestSession::wait(std::chrono::nanoseconds timeout)
{
    WEFT_ASSERT(started);
    const auto deadline = Clock::now() + timeout;
    for (;;)
    {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        constexpr std::int64_t PollMax = 1'000'000;
        pollfd waited{.fd = doneEvent.get(), .events = POLLIN, .revents = 0};
        const auto timeoutMs = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, PollMax));
        if (::poll(&waited, 1, timeoutMs) > 0)
        {
            return true;
        }
        if (Clock::now() >= deadline)
        {
            return false;
        }
    }
}

IngestProgress IngestSession::progress() const
{
    IngestProgress progress;
    progress.time = Clock::now();
    for (const auto& worker : workers)
    {
        progress.bytes += worker->bytes();
        progress.buffers += worker->buffers();
        progress.errors += worker->errors();
    }
    for (std::size_t source = 0; source < handles.size(); ++source)
    {
        const bool couldStart = startErrors[source].empty();
        const auto statistics = handles[source].statistics();
        const auto state = couldStart ? statistics.state : SourceState::Failed;
        ++progress.sources[static_cast<std::size_t>(state)];
        progress.errors += couldStart ? 0 : 1;
        if (connectionsMost(ingestPlan.sources[source]) > 0)
        {
            progress.connections = progress.connections.value_or(0) + statistics.connectionsOpen;
        }
    }
    progress.reactors = runtime.statistics();
    progress.threadBuffers = threadBuffers();
    return progress;
}

std::vector<std::string> IngestSession::newListeners()
{
    std::vector<std::string> lines;
    std::erase_if(listenersAwaited,
                  [&](std::size_t source)
                  {
                      const auto statistics = handles[source].statistics();
                      if (statistics.state == SourceState::Running)
                      {
                          lines.push_back(
                              fmt::format("{}: {}", handles[source].name(), statistics.endpoint));
                      }
                      const bool mayStillListen = statistics.state == SourceState::Created ||
                                                  statistics.state == SourceState::Opening;
                      return !mayStillListen || !startErrors[source].empty();
                  });
    return lines;
}

IngestResult IngestSession::finish()
{
    WEFT_ASSERT(started && openSources.load() == 0);
    for (auto& handle : handles)
    {
        // It has closed; this waits until its fiber has said so.
        while (handle.tryStop(AsLongAsItTakes) == TryStopResult::Timeout)
        {
        }
    }
    joinWorkers();

    IngestResult result;
    const Clock::time_point doneAt{Clock::duration(doneTime.load())};
    result.wallTime = doneAt - startTime;
    result.usage = currentUsage() - usageAtStart;
    result.threads = {
        .reactors = runtime.reactorCount(),
        .workers = workers.size(),
        .offload =
            runtime.threadCount() - runtime.reactorCount() - runtime.blockingThreads().count(),
        .sources = runtime.blockingThreads().highWater(),
    };
    result.threadBuffers = threadBuffers();
    result.reactors = runtime.statistics();
    LatencyHistogram latencies;
    for (const auto& worker : workers)
    {
        latencies.merge(worker->latencies());
    }
    result.latency = latencies.summary();
    for (std::size_t source = 0; source < handles.size(); ++source)
    {
        result.sources.push_back(resultOf(source));
    }
    handles.clear();
    runtime.shutdown();
    return result;
}

IoBufferPoolStatistics IngestSession::threadBuffers() const
{
    const auto& buffers = runtime.buffers();
    return buffers.hasThreadPool() ? buffers.threadPool().statistics() : IoBufferPoolStatistics();
}

SourceResult IngestSession::resultOf(std::size_t source)
{
    const auto& descriptor = ingestPlan.sources[source];
    const auto& account = workers[source % workers.size()]->account(source);
    const auto statistics = handles[source].statistics();
    SourceResult result{
        .name = descriptor.name(),
        .type = descriptor.type(),
        .endpoint = printable(statistics.endpoint),
        .bytes = account.bytes,
        .buffers = account.buffers,
        .checksum = sink->checksum(source),
        .listens = connectionsMost(descriptor) > 0,
        .connectionsAccepted = statistics.connectionsAccepted,
        .connectionsFailed = statistics.connectionsFailed,
        .acceptFailures = statistics.acceptFailures,
        .connectionError = {},
        .opens = statistics.opens,
        .retries = statistics.retries,
        .bufferWaits = statistics.bufferWaits,
        .bufferWaitTotal = statistics.bufferWaitTotal,
        .bufferWaitLongest = statistics.bufferWaitLongest,
        .buffersInFlight = statistics.buffersInFlight,
        .buffersDropped = account.buffersDropped,
        .messagesLost = statistics.messagesLost,
        .state = statistics.state,
        .error = {},
    };
    // What a peer has said may be in them.
    result.error = printable(!account.sinkError.empty()     ? account.sinkError
                             : !account.sourceError.empty() ? account.sourceError
                                                            : startErrors[source]);
    if (result.listens && result.error.empty())
    {
        result.connectionError = printable(statistics.lastError);
    }
    if (!result.error.empty())
    {
        result.state = SourceState::Failed;
    }
    // Else a buffer would have been lost on the way.
    WEFT_ASSERT(result.buffers + result.buffersDropped == statistics.buffers);
    return result;
}

void IngestSession::joinWorkers() noexcept
{
    for (auto& thread : threads)
    {
        thread.join();
    }
    threads.clear();
}

} // namespace weft::tools
