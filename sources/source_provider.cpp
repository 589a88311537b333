#include <weft/memory/assert.hpp>
#include <weft/sources/async_source_runner.hpp>
#include <weft/sources/blocking_source_runner.hpp>
#include <weft/sources/source_provider.hpp>
#include <weft/sources/source_registry.hpp>

#include <utility>

namespace weft
{

SourceHandle SourceProvider::provide(OriginId origin, const SourceDescriptor& descriptor,
                                     std::optional<std::size_t> reactor) const
{
    const auto* const type = SourceRegistry::instance().find(descriptor.type());
    WEFT_ASSERT(type != nullptr); // the descriptor was checked against it
    auto options = SourceRunnerOptions::from(descriptor);
    auto source = type->make(descriptor);
    std::unique_ptr<SourceRunner> runner;
    if (descriptor.text("execution") == "thread")
    {
        runner = std::make_unique<BlockingSourceRunner>(runtime, origin, std::move(options),
                                                        std::move(source));
    }
    else
    {
        runner = std::make_unique<AsyncSourceRunner>(runtime, origin, std::move(options),
                                                     std::move(source), reactor);
    }
    return {origin, descriptor.name(), std::move(runner)};
}

} // namespace weft
