#pragma once

#include <weft/memory/assert.hpp>
#include <weft/sources/parameter.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weft
{

/// How many connections a listening source takes.
struct ConnectionLimits
{
    static std::vector<ParameterDefinition> parameters();
    static ConnectionLimits from(const SourceDescriptor& descriptor);

    /// At once. Others wait in the kernel's queue until one of these has ended.
    std::uint64_t connectionsMax = 1000;
    /// In all; then the source ends. Zero: no limit.
    std::uint64_t connectionsTotal = 0;
    /// The length of the kernel's queue.
    int backlog = 4096;
};

/// A source that brings no bytes of its own: it listens, and each connection that it accepts is run
/// as a source is, with its own buffers, on its own fiber or thread (docs/sources/listen.md).
///
/// open() begins to listen, describe() says where, close() ends it; connections that are open then
/// are closed after it.
class ListeningSource : public Source
{
public:
    /// A source for the next connection. Its open() waits until there is one and accepts it; its
    /// describe() names the peer. It is used on another fiber or thread, is gone before the
    /// listening source, and never opens at the same time as another.
    virtual std::unique_ptr<Source> nextConnection() = 0;

    virtual ConnectionLimits limits() const noexcept = 0;

    FillStatus fillBuffer(Fill& /*fill*/) final
    {
        WEFT_ASSERT(!"a listening source has no bytes of its own");
        return FillStatus::EndOfStream;
    }
};

} // namespace weft
