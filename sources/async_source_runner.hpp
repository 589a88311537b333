#pragma once

#include <weft/sources/source.hpp>
#include <weft/sources/source_runner.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace weft
{

class Runtime;

/// Runs a source on a fiber of the runtime, which must be alive when start() is called and be shut
/// down, at the latest, by its own destructor. The runner itself may outlive it.
class AsyncSourceRunner final : public SourceRunner
{
public:
    /// `reactor`: where to run; by default the runtime chooses.
    AsyncSourceRunner(Runtime& runtime, OriginId origin, SourceRunnerOptions options,
                      std::unique_ptr<Source> source,
                      std::optional<std::size_t> reactor = std::nullopt);

private:
    void launch(std::shared_ptr<SourceTask> launched) override;

    Runtime& runtime;
    std::optional<std::size_t> reactor;
};

} // namespace weft
