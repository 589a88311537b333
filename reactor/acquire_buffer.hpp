#pragma once

#include <weft/memory/io_buffer_pool.hpp>
#include <weft/memory/shared_io_buffer_pool.hpp>
#include <weft/reactor/io.hpp>

namespace weft
{

/// A buffer for the source that holds the reservation: its own, or a shared one when it is its
/// turn. Waits for the event of a buffer's return, not for a retry. The reservation is of the
/// calling fiber's own reactor. Errors: IoError::DeadlineExpired, IoError::Stopped. Suspends.
io::Result<IoBuffer> acquireBuffer(BufferReservation& reservation, Deadline deadline = NoDeadline);

/// The same for a source on a thread of its own, which waits for the event of a buffer's return.
/// Blocks the thread, and is not for reactors. A stop is seen on a thread with ThreadWaits.
io::Result<IoBuffer> acquireBuffer(SharedBufferReservation& reservation,
                                   Deadline deadline = NoDeadline);

} // namespace weft
