#include "life.hpp"

#include "findings.hpp"
#include "record_stream.hpp"
#include "roster.hpp"
#include "tally.hpp"
#include "verdict.hpp"
#include "watchdog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <thread>
#include <vector>

#include <sys/stat.h>

namespace weft::soak
{

namespace
{

void writeFile(const std::filesystem::path& path, std::uint64_t seed, const LifePlan& plan)
{
    std::ofstream file(path, std::ios::binary);
    RecordStream stream(seed, plan, 0);
    while (!stream.rest().empty())
    {
        const auto rest = stream.rest();
        file.write(reinterpret_cast<const char*>(rest.data()),
                   static_cast<std::streamsize>(rest.size()));
        stream.advance(rest.size());
    }
    if (!file.flush())
    {
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("cannot write '{}'", path.string()));
    }
}

std::string inMilliseconds(std::chrono::milliseconds duration)
{
    return fmt::format("{}ms", duration.count());
}

} // namespace

Life::Life(const SoakContext& soakContext, const SourceProvider& provider, const LifePlan& lifePlan)
    : context(soakContext),
      plan(lifePlan),
      sourceName(
          fmt::format("r{}-s{}-l{}-{}", plan.id.round, plan.id.source, plan.id.life, plan.kind)),
      startTime(Clock::now()),
      sink(context, plan, sourceName)
{
    makeInput();
    handle.emplace(provider.provide(plan.id.source, makeDescriptor()));
    sink.useHandle(*handle);
    if (!handle->start(sink.emitFunction()))
    {
        context.findings.add(sourceName, "expected: it starts; found: start() is refused");
    }
    if (handle->start([](OriginId, const SourceEvent&) {}))
    {
        context.findings.add(sourceName, "expected: a second start() is refused; found: it is not");
    }
    context.roster.add(*handle);
    startDemands();
    ++context.tally.lives;
    context.tally.restarts += plan.id.life > 0;
    ++context.tally.livesOfKind[std::string(plan.kind)];
    ++context.tally.livesOfConsumer[std::string(toString(plan.consumer.kind))];
    context.tally.livesOnThreads += plan.onThread;
    context.tally.livesLimited += plan.buffersInFlightMax > 0;
}

Life::~Life()
{
    letGoOfHandle();
}

/// Before the handle goes, at the latest.
void Life::letGoOfHandle()
{
    if (demands)
    {
        context.prompter.remove(*demands);
        demands.reset();
    }
    if (handle)
    {
        context.roster.remove(*handle);
    }
}

/// They come while it opens, perhaps, and go on while it is stopped.
void Life::startDemands()
{
    const auto every = static_cast<std::uint64_t>(plan.demand.every.count());
    if (every == 0)
    {
        return;
    }
    Random random({context.seed, 6, plan.id.round, plan.id.source, plan.id.life});
    demands = context.prompter.add(startTime + std::chrono::microseconds(random.below(2 * every)),
                                   [this, random, every]() mutable
                                   {
                                       sink.demand();
                                       return std::optional(
                                           Clock::now() +
                                           std::chrono::microseconds(random.between(1, 2 * every)));
                                   });
}

std::filesystem::path Life::inputPath() const
{
    return context.directory / sourceName;
}

void Life::makeInput()
{
    switch (plan.transport)
    {
    case Transport::MissingFile:
        return;
    case Transport::File:
        writeFile(inputPath(), context.seed, plan);
        return;
    case Transport::Fifo:
        if (::mkfifo(inputPath().c_str(), 0600) != 0)
        {
            throw std::system_error(errno, std::generic_category(),
                                    fmt::format("cannot make '{}'", inputPath().string()));
        }
        break;
    case Transport::Tcp:
        break;
    }
    address = context.peer.open(plan, inputPath());
}

SourceDescriptor Life::makeDescriptor() const
{
    ParameterTexts texts{{"flush_interval", plan.flushInterval},
                         {"execution", plan.onThread ? "thread" : "fiber"},
                         {"buffers_in_flight_max", fmt::format("{}", plan.buffersInFlightMax)}};
    if (plan.transport != Transport::Tcp)
    {
        texts["path"] = inputPath().string();
        return {sourceName, "file", texts};
    }
    texts["host"] = address.host;
    texts["port"] = fmt::format("{}", address.port);
    if (plan.reconnectAttempts > 0)
    {
        texts["reconnect_attempts"] = fmt::format("{}", plan.reconnectAttempts);
        texts["reconnect_pause_min"] = inMilliseconds(plan.reconnectPauseMin);
        texts["reconnect_pause_max"] = inMilliseconds(plan.reconnectPauseMax);
        texts["reconnect_time"] = inMilliseconds(plan.reconnectTime);
    }
    return {sourceName, "tcp", texts};
}

bool Life::due(Clock::time_point now) const noexcept
{
    const bool stopPlanned =
        plan.stop.kind != StopKind::None && plan.stop.kind != StopKind::FromEmit;
    return sink.over() || (stopPlanned && now >= startTime + plan.stop.after);
}

bool Life::endIsDue() const
{
    return address.key != 0 && !sink.over() && !sink.stopTime() &&
           context.peer.finished(address.key);
}

void Life::requestStop()
{
    handle->stop();
    sink.noteStop();
}

void Life::stoppedByRuntime()
{
    sink.noteStop();
}

void Life::end(StopKind how)
{
    const auto stopBegan = Clock::now();
    // Taken now for handles that are destroyed.
    statistics = handle->statistics();
    const auto state = statistics->state;
    const bool hasEnded = state == SourceState::Ended || state == SourceState::Failed ||
                          state == SourceState::Stopped;
    if (hasEnded && !sink.over() && !sink.stopTime())
    {
        context.findings.add(sourceName,
                             fmt::format("expected: a last event when a source ends that nobody "
                                         "has stopped; found: none, and it is {}",
                                         toString(state)));
    }
    {
        const Watchdog::Expectation expectation(
            context.watchdog, fmt::format("the stop of source {} ({}, state {})", sourceName,
                                          toString(how), toString(state)));
        stopAndWait(how);
    }
    auto& tally = context.tally;
    tally.worstStop = std::max(tally.worstStop, Clock::now() - stopBegan);
    ++tally.stops[std::string(toString(how))];

    FeedAccount account;
    if (address.key != 0)
    {
        account = context.peer.close(address.key);
    }
    const auto problem = judge({.plan = plan,
                                .account = account,
                                .sink = sink,
                                .statistics = handle ? statistics : std::nullopt,
                                .startTime = startTime,
                                .bufferSizeBytes = context.bufferSizeBytes});
    if (!problem.empty() && !sink.hasFailed())
    {
        context.findings.add(sourceName, problem);
    }
    addToTally(account);
    letGoOfHandle();
    handle.reset();
    std::error_code ignored; // most have none
    std::filesystem::remove(inputPath(), ignored);
}

void Life::addToTally(const FeedAccount& account)
{
    auto& tally = context.tally;
    tally.peer += account.counts;
    tally.ended += sink.lastEvent() == LifeSink::LastEvent::EndOfStream;
    tally.failed += sink.lastEvent() == LifeSink::LastEvent::Failure;
    tally.stopped += sink.lastEvent() == LifeSink::LastEvent::None;
    tally.refusedOpens += sink.failureCode() == std::errc::connection_refused;
    tally.throws += !sink.thrownMessage().empty();
    tally.demands += sink.demands();
    tally.reconnects += statistics->retries;
    tally.buffersDropped += statistics->buffersDropped;
    tally.buffersDemanded += statistics->buffersDemanded;
    tally.bufferWaits += statistics->bufferWaits;
    tally.worstBufferWait = std::max(tally.worstBufferWait, statistics->bufferWaitLongest);
    if (plan.consumer.kind == ConsumerKind::Prompt)
    {
        tally.worstBufferWaitPrompt =
            std::max(tally.worstBufferWaitPrompt, statistics->bufferWaitLongest);
    }
}

/// In every case the source has not only been asked to stop but has stopped.
void Life::stopAndWait(StopKind how)
{
    if (how == StopKind::Destroy)
    {
        letGoOfHandle();
        // A stop that is asked for after the source has ended is none.
        handle.reset();
        if (!sink.over())
        {
            sink.noteStop();
        }
        return;
    }
    if (sink.over())
    {
        waitForStop();
    }
    else if (how == StopKind::OtherThread)
    {
        std::vector<std::jthread> threads;
        for (int count = 0; count < 2; ++count)
        {
            threads.emplace_back(
                [this]
                {
                    requestStop();
                });
        }
    }
    else if (how == StopKind::Impatient)
    {
        requestStop();
        while (handle->tryStop(std::chrono::nanoseconds::zero()) != TryStopResult::Success)
        {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    waitForStop();
    statistics = handle->statistics();
}

void Life::waitForStop()
{
    if (handle->tryStop(context.watchdog.stopTimeMax()) != TryStopResult::Success)
    {
        context.watchdog.giveUp(fmt::format("tryStop of source {}, which is {}", sourceName,
                                            toString(handle->statistics().state)),
                                sourceName);
    }
    if (!sink.over())
    {
        sink.noteStop();
    }
}

} // namespace weft::soak
