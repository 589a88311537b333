#pragma once

#include <weft/sources/source_handle.hpp>
#include <weft/sources/source_provider.hpp>

#include "life_sink.hpp"
#include "peer.hpp"
#include "plan.hpp"
#include "prompter.hpp"
#include "soak_context.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace weft::soak
{

/// One life of one source: made, started, stopped as planned, and judged. The driver's thread.
class Life
{
public:
    /// Starts it.
    Life(const SoakContext& soakContext, const SourceProvider& provider, const LifePlan& lifePlan);
    ~Life();

    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;

    const std::string& name() const noexcept
    {
        return sourceName;
    }

    std::chrono::milliseconds pauseAfter() const noexcept
    {
        return plan.pauseAfter;
    }

    SourceState state() const
    {
        return handle->statistics().state;
    }

    /// Whether the source has ended by itself, or a stop is planned for now: call end().
    bool due(Clock::time_point now) const noexcept;

    /// Whether the stream has been ended in order, and the source not yet.
    bool endIsDue() const;

    void requestStop();

    /// The runtime has been shut down, which has stopped it.
    void stoppedByRuntime();

    /// Stops it, if it has not ended, in the way that is asked for, and judges it. Once.
    void end(StopKind how);

    /// In the way that is planned.
    void end()
    {
        end(plan.stop.kind);
    }

private:
    void makeInput();
    SourceDescriptor makeDescriptor() const;
    void stopAndWait(StopKind how);
    void waitForStop();
    void letGoOfHandle();
    void startDemands();
    void addToTally(const FeedAccount& account);
    std::filesystem::path inputPath() const;

    const SoakContext& context;
    const LifePlan plan;
    const std::string sourceName;
    const Clock::time_point startTime;
    Peer::Address address; // key 0: no feed
    LifeSink sink;
    std::optional<SourceHandle> handle;
    std::optional<Prompter::Id> demands;
    std::optional<SourceStatistics> statistics;
};

} // namespace weft::soak
