#pragma once

#include <weft/sources/source_handle.hpp>
#include <weft/sources/source_provider.hpp>

#include "buffer_holder.hpp"
#include "findings.hpp"
#include "life_sink.hpp"
#include "peer.hpp"
#include "plan.hpp"
#include "tally.hpp"
#include "watchdog.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace weft::soak
{

/// What all lives share. Outlives them.
struct SoakContext
{
    std::uint64_t seed = 0;
    std::filesystem::path directory; // for files and pipes
    Peer& peer;
    BufferHolder& holder;
    Findings& findings;
    Tally& tally;
    Watchdog& watchdog;
    Plant plant = Plant::Nothing;
};

/// One life of one source: made, started, stopped as planned, and judged. The driver's thread.
class Life
{
public:
    /// Starts it.
    Life(SoakContext& soakContext, const SourceProvider& provider, const LifePlan& lifePlan);

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
    std::filesystem::path inputPath() const;

    SoakContext& context;
    const LifePlan plan;
    const std::string sourceName;
    const Clock::time_point startTime;
    Peer::Address address; // key 0: no feed
    LifeSink sink;
    std::optional<SourceHandle> handle;
    std::optional<SourceStatistics> statistics;
};

} // namespace weft::soak
