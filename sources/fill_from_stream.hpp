#pragma once

#include <weft/reactor/stream_socket.hpp>
#include <weft/sources/fill.hpp>
#include <weft/sources/source.hpp>

namespace weft
{

/// What fillBuffer of a source of plain bytes does: receives into all buffers on offer, lets bytes
/// gather where that pays, and ends when the fill is complete, a wait gives up or the peer ends the
/// stream. Answers the status to return, or the error of a receive. Suspends.
io::Result<FillStatus> fillFromStream(Fill& fill, const StreamSocket& stream);

} // namespace weft
