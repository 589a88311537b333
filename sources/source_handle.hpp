#pragma once

#include <weft/sources/source_runner.hpp>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weft
{

/// A source, made and ready to be started: what an engine holds. It does not show how the source is
/// run. Destroying it stops the source and waits.
class SourceHandle
{
public:
    SourceHandle(OriginId sourceOrigin, std::string givenName,
                 std::unique_ptr<SourceRunner> sourceRunner) noexcept
        : originId(sourceOrigin),
          sourceName(std::move(givenName)),
          runner(std::move(sourceRunner))
    {
    }

    SourceHandle(SourceHandle&&) noexcept = default;
    SourceHandle& operator=(SourceHandle&&) noexcept = default;

    OriginId origin() const noexcept
    {
        return originId;
    }

    const std::string& name() const noexcept
    {
        return sourceName;
    }

    /// See SourceRunner::start().
    [[nodiscard]] bool start(EmitFunction emit)
    {
        return runner->start(std::move(emit));
    }

    /// See SourceRunner::stop().
    void stop() noexcept
    {
        runner->stop();
    }

    /// See SourceRunner::tryStop().
    [[nodiscard]] TryStopResult tryStop(std::chrono::nanoseconds timeout)
    {
        return runner->tryStop(timeout);
    }

    /// See SourceRunner::requestFlush().
    void requestFlush() noexcept
    {
        runner->requestFlush();
    }

    SourceStatistics statistics() const
    {
        return runner->statistics();
    }

    /// See SourceRunner::connections().
    std::vector<ConnectionStatistics> connections() const
    {
        return runner->connections();
    }

private:
    OriginId originId;
    std::string sourceName;
    std::unique_ptr<SourceRunner> runner;
};

/// Asks all of them to stop, then waits for them, at most `timeout` in all. Success when each has
/// stopped. Suspends; on a plain thread, blocks it.
[[nodiscard]] TryStopResult tryStopAll(std::span<SourceHandle> handles,
                                       std::chrono::nanoseconds timeout);

} // namespace weft
