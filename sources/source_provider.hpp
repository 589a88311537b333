#pragma once

#include <weft/sources/source_descriptor.hpp>
#include <weft/sources/source_handle.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace weft
{

class Runtime;

/// Makes handles out of descriptors: looks the type up in the registry, makes the source and
/// chooses how it is run.
class SourceProvider
{
public:
    /// The runtime must outlive the provider.
    explicit SourceProvider(Runtime& sourceRuntime) noexcept : runtime(sourceRuntime)
    {
    }

    /// A handle that has not been started. Nothing is opened yet. `reactor` is for sources that run
    /// on fibers; by default the runtime chooses. Throws what the source's constructor throws. Any
    /// thread.
    SourceHandle provide(OriginId origin, const SourceDescriptor& descriptor,
                         std::optional<std::size_t> reactor = std::nullopt) const;

private:
    Runtime& runtime;
};

} // namespace weft
