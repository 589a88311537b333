#pragma once

#include <weft/sources/source.hpp>
#include <weft/sources/source_runner.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace weft
{

class Runtime;
class SourceTask;

/// Runs a source on a fiber of the runtime, which must be alive when start() is called and be shut
/// down, at the latest, by its own destructor. The runner itself may outlive it.
class AsyncSourceRunner final : public SourceRunner
{
public:
    /// `reactor`: where to run; by default the runtime chooses.
    AsyncSourceRunner(Runtime& runtime, OriginId origin, SourceRunnerOptions options,
                      std::unique_ptr<Source> source,
                      std::optional<std::size_t> reactor = std::nullopt);
    ~AsyncSourceRunner() override;

    bool start(EmitFunction emit) override;
    void stop() noexcept override;
    TryStopResult tryStop(std::chrono::nanoseconds timeout) override;
    SourceStatistics statistics() const override;

private:
    Runtime& runtime;
    std::optional<std::size_t> reactor;
    std::shared_ptr<SourceTask> task; // shared with the fiber
};

} // namespace weft
