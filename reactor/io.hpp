#pragma once

#include <weft/reactor/io_error.hpp>
#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/timers/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <span>
#include <system_error>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

/// \file
/// The system calls that a fiber makes, under their own names. Each looks as if it blocked and
/// suspends the fiber instead; each takes a deadline and sees a stop of its fiber:
/// - IoError::DeadlineExpired or IoError::Stopped: the call gave up. Nothing was lost: bytes that
///   arrived although it was giving up are returned as a success, and a descriptor that arrived
///   then is closed.
/// - Any other error is the errno of the system call, in std::system_category(). EINTR and, on
///   descriptors in non-blocking mode, EAGAIN are dealt with here and never seen.
/// What they are given must stay valid until they return. A descriptor must not be closed while a
/// call uses it: stop the call and wait for it first.
///
/// On a plain thread the calls block it, with the same deadlines, and on one with ThreadWaits (a
/// thread of Runtime::blockingThreads() has them) with the same stop. There regular files block for
/// as long as the disk takes, and a descriptor in blocking mode is best read by one thread only.

namespace weft::io
{

template <typename T>
using Result = std::expected<T, std::error_code>;

/// The moment `duration` from now, for a deadline.
Deadline after(std::chrono::nanoseconds duration) noexcept;

/// O_CLOEXEC is added to the flags. A FIFO to read from is open once a writer has written to it, or
/// has come and gone; one to write to may be refused (ENXIO) while it has no reader. Suspends.
Result<OwnedDescriptor> open(const std::filesystem::path& path, int flags, mode_t mode = 0644,
                             Deadline deadline = NoDeadline);

/// Closes in any case; the error tells what the kernel found then. Cannot be stopped. Suspends.
Result<void> close(OwnedDescriptor descriptor);

/// Bytes read; zero at the end of the file, or of the stream. Suspends.
Result<std::size_t> read(int descriptor, std::span<std::byte> buffer,
                         Deadline deadline = NoDeadline);
Result<std::size_t> pread(int descriptor, std::span<std::byte> buffer, std::uint64_t offsetBytes,
                          Deadline deadline = NoDeadline);
Result<std::size_t> readv(int descriptor, std::span<const iovec> buffers,
                          Deadline deadline = NoDeadline);
Result<std::size_t> preadv(int descriptor, std::span<const iovec> buffers,
                           std::uint64_t offsetBytes, Deadline deadline = NoDeadline);

/// As preadv(), of what is in the page cache already, possibly fewer bytes than asked for; EAGAIN
/// when there are none, or when it cannot be told. Does not wait for the disk.
Result<std::size_t> tryPreadv(int descriptor, std::span<const iovec> buffers,
                              std::uint64_t offsetBytes);

/// Bytes written, at most as many as given. Suspends.
Result<std::size_t> write(int descriptor, std::span<const std::byte> bytes,
                          Deadline deadline = NoDeadline);
Result<std::size_t> pwrite(int descriptor, std::span<const std::byte> bytes,
                           std::uint64_t offsetBytes, Deadline deadline = NoDeadline);
Result<std::size_t> writev(int descriptor, std::span<const iovec> buffers,
                           Deadline deadline = NoDeadline);
Result<std::size_t> pwritev(int descriptor, std::span<const iovec> buffers,
                            std::uint64_t offsetBytes, Deadline deadline = NoDeadline);

/// Suspends.
Result<void> fsync(int descriptor, Deadline deadline = NoDeadline);

/// The basic fields of statx(2). Suspends.
Result<struct statx> stat(int descriptor, Deadline deadline = NoDeadline);

/// After an error, that of giving up included, the socket is of no more use. Suspends.
Result<void> connect(int descriptor, const SocketAddress& address, Deadline deadline = NoDeadline);

/// SOCK_CLOEXEC is set on the new descriptor. `peer` may be null. Suspends.
Result<OwnedDescriptor> accept(int descriptor, SocketAddress* peer = nullptr,
                               Deadline deadline = NoDeadline);

/// Bytes received; zero when the peer has ended the stream. In a buffer of the reactor's pool what
/// lies behind them may have become zeros, after a wait of RuntimeOptions::idleMemoryAfter.
/// Suspends.
Result<std::size_t> recv(int descriptor, std::span<std::byte> buffer, int flags = 0,
                         Deadline deadline = NoDeadline);
Result<std::size_t> recvmsg(int descriptor, msghdr& message, int flags = 0,
                            Deadline deadline = NoDeadline);

/// Bytes sent, at most as many as given. A peer that is gone is EPIPE, never SIGPIPE. Suspends.
Result<std::size_t> send(int descriptor, std::span<const std::byte> bytes, int flags = 0,
                         Deadline deadline = NoDeadline);
Result<std::size_t> sendmsg(int descriptor, const msghdr& message, int flags = 0,
                            Deadline deadline = NoDeadline);

/// `how` is SHUT_RD, SHUT_WR or SHUT_RDWR. Suspends.
Result<void> shutdown(int descriptor, int how);

/// Waits for any of `events` (POLLIN and so on) and returns those that came. Suspends.
Result<int> poll(int descriptor, int events, Deadline deadline = NoDeadline);

/// IoError::Stopped when a stop ends it early. Suspends.
Result<void> sleepUntil(Deadline deadline);
Result<void> sleepFor(std::chrono::nanoseconds duration);

} // namespace weft::io
