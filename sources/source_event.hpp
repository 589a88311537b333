#pragma once

#include <weft/memory/io_buffer.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <variant>

namespace weft
{

/// Names a source to those downstream; the host chooses it.
using OriginId = std::uint64_t;

/// Names a connection of a listening source: from one, in the order in which they were accepted.
/// Each is a stream of its own.
using ConnectionNumber = std::uint64_t;

/// A buffer with bytes in it. Its metadata has the origin, the connection (zero for a source that
/// does not listen), the sequence number in that stream, from zero without gaps, and the time when
/// its first byte came. Releasing it, on any thread, lets the source go on.
struct SourceData
{
    IoBuffer buffer;
};

/// The source has delivered everything. Nothing follows.
struct EndOfStream
{
};

/// The source has failed. Nothing follows.
struct SourceFailure
{
    std::error_code code; // empty when the source threw something without one
    std::string message;
    std::exception_ptr exception;
};

/// A listening source has accepted a connection, whose data follows.
struct ConnectionBegin
{
    ConnectionNumber connection = 0;
    std::string peer; // as Source::describe() puts it
};

/// A connection has delivered everything, or has failed. Nothing follows with its number; the
/// listening source goes on. Not emitted when the source was asked to stop.
struct ConnectionEnd
{
    ConnectionNumber connection = 0;
    std::optional<SourceFailure> failure; // none: the peer has ended the stream
};

/// The last two come from listening sources only.
using SourceEvent =
    std::variant<SourceData, EndOfStream, SourceFailure, ConnectionBegin, ConnectionEnd>;

/// Takes the events of a source, one after the other, on the source's fiber; of a listening source,
/// on the fibers of its connections, and still one after the other. It may suspend, and must not
/// block the thread. What it throws fails the source, or the connection whose event it was. It sees
/// a stop of the source as io.hpp says, in the calls that it makes.
using EmitFunction = std::move_only_function<void(OriginId, SourceEvent)>;

} // namespace weft
