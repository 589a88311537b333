#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>

namespace weft::tools
{

struct IngestPlan;

/// A sink that cannot be had, such as a directory that cannot be written.
class SinkError : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// Takes what the sources have delivered. It may block. Different sources come from different
/// threads, one source from one thread.
class Sink
{
public:
    virtual ~Sink() = default;

    /// The next bytes of a source, or of one connection of a source that listens: they are numbered
    /// from one, and each is a stream of its own. Throws std::system_error when it cannot take
    /// them; nothing more comes from that source then but finish().
    virtual void accept(std::size_t source, std::uint64_t connection,
                        std::span<const std::byte> bytes) = 0;

    /// All of the connection has been given. Throws std::system_error when it cannot be kept.
    virtual void finishConnection(std::size_t source, std::uint64_t connection) = 0;

    /// All of the source, and of each connection that is left, has been given. Throws
    /// std::system_error when it cannot be kept.
    virtual void finish(std::size_t source) = 0;

    /// What the source's bytes were, if the sink sums them up; the sum over the connections, of one
    /// that listens. After finish().
    virtual std::optional<std::uint64_t> checksum(std::size_t source) const
    {
        static_cast<void>(source);
        return std::nullopt;
    }
};

/// The sink that the plan asks for. Throws SinkError.
std::unique_ptr<Sink> makeSink(const IngestPlan& plan);

} // namespace weft::tools
