#include <weft/memory/assert.hpp>
#include <weft/sources/async_source_runner.hpp>
#include <weft/sources/source_provider.hpp>
#include <weft/sources/source_registry.hpp>

namespace weft
{

SourceHandle SourceProvider::provide(OriginId origin, const SourceDescriptor& descriptor,
                                     std::optional<std::size_t> reactor) const
{
    const auto* const type = SourceRegistry::instance().find(descriptor.type());
    WEFT_ASSERT(type != nullptr); // the descriptor was checked against it
    auto runner = std::make_unique<AsyncSourceRunner>(
        runtime, origin, SourceRunnerOptions::from(descriptor), type->make(descriptor), reactor);
    return {origin, descriptor.name(), std::move(runner)};
}

} // namespace weft
