#pragma once

#include <weft/memory/io_buffer.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <system_error>
#include <variant>

namespace weft
{

/// Names a source to those downstream; the host chooses it.
using OriginId = std::uint64_t;

/// A buffer with bytes in it. Its metadata has the origin, the sequence number, from zero without
/// gaps, and the time when its first byte came. Releasing it, on any thread, lets the source go on.
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

using SourceEvent = std::variant<SourceData, EndOfStream, SourceFailure>;

/// Takes the events of a source, one after the other, on the source's fiber. It may suspend, and
/// must not block the thread. What it throws fails the source. It sees a stop of the source as
/// io.hpp says, in the calls that it makes.
using EmitFunction = std::move_only_function<void(OriginId, SourceEvent)>;

} // namespace weft
