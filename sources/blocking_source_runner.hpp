#pragma once

#include <weft/sources/source.hpp>
#include <weft/sources/source_runner.hpp>

#include <memory>

namespace weft
{

class Runtime;

/// Runs a source on a thread of its own, for calls that really block: a client library, a device
/// without asynchronous access. The same contract as on a fiber, and the same Source classes: the
/// I/O calls block the thread, with their deadlines, and a stop ends them. A stop cannot end a call
/// that is not weft's; the source must see to that itself (this_fiber::stopToken()).
///
/// Its buffers come from the pool that all such threads share (RuntimeOptions::threadBuffers). The
/// runtime must be alive when start() is called and waits for the thread when it shuts down. The
/// runner itself may outlive it.
class BlockingSourceRunner final : public SourceRunner
{
public:
    BlockingSourceRunner(Runtime& runtime, OriginId origin, SourceRunnerOptions options,
                         std::unique_ptr<Source> source);

private:
    void launch(std::shared_ptr<SourceTask> launched) override;

    Runtime& runtime;
};

} // namespace weft
