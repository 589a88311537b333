#pragma once

#include <weft/reactor/operation.hpp>

#include <chrono>
#include <cstdint>

#include <sys/types.h>

/// \file
/// Operations as the system calls that they are named after, for whoever has no io_uring: plain
/// threads, the epoll engine and its offloaded calls. Results are the call's own, or a negated
/// errno. Any thread.

namespace weft::detail
{

/// What a system call has answered.
std::int32_t answerOf(ssize_t result) noexcept;

/// Whether it is a read or write: of files of any kind, by read(2), pwritev(2) and so on.
bool isTransfer(const Operation& operation) noexcept;

/// Whether it is ready to go on when the descriptor can be written to.
bool writes(const Operation& operation) noexcept;

/// Whether a read or write has a position of its own instead of the descriptor's.
bool isPositioned(const Operation& operation) noexcept;

/// How many bytes a read or write asks for.
std::uint64_t bytesWanted(const Operation& operation) noexcept;

/// The call itself, for any operation but connect and poll. May block.
std::int32_t callOnce(const Operation& operation) noexcept;

/// A read, write, receive or send, of the operation's memory by another descriptor of the same
/// file, with more MSG_* flags. May block.
std::int32_t transferBy(int descriptor, const Operation& operation, int moreFlags) noexcept;

/// A read or write at the descriptor's own position, done as a socket's, which can be told not to
/// wait, whatever mode the descriptor has. -ENOTSOCK: it is no socket.
std::int32_t transferAsSocket(const Operation& operation) noexcept;

/// A read or write that does not wait (RWF_NOWAIT). -EOPNOTSUPP: the file, or this kernel, has no
/// such way.
std::int32_t transferNoWait(const Operation& operation) noexcept;

/// What is told not to wait (Operation::waits()). -EAGAIN: it would have to, or this file or kernel
/// cannot tell.
std::int32_t callWithoutWaiting(const Operation& operation) noexcept;

/// Sleeps until the descriptor can be read, at most so long, or a signal comes.
void awaitReadable(int descriptor, std::chrono::nanoseconds atMost) noexcept;

/// A write to what is not a socket, once it is ready. That promises room for some bytes, not for
/// all: a pipe in blocking mode would keep the thread for the rest, past its deadline, so it gets
/// the PIPE_BUF bytes that it takes without blocking (pipe(7)). A terminal whose output is held up
/// gives no such promise and may keep the thread.
std::int32_t writeWhenReady(const Operation& operation) noexcept;

/// connect(2) in non-blocking mode; leaves the socket in the mode that it had. -EINPROGRESS: to be
/// asked by connectOutcome() when the socket can be written to. A local socket whose peer's queue
/// is full answers -EAGAIN: there is nothing to wait on.
std::int32_t beginConnect(const Operation& operation) noexcept;
std::int32_t connectOutcome(int descriptor) noexcept;

/// open(2) as io_uring does it, without waiting: so a FIFO to read from opens before it has a
/// writer, and one to write to is refused (ENXIO) while it has no reader. May still block: for the
/// file system, and until somebody's lease ends.
std::int32_t openWithoutWaiting(const char* path, int flags, mode_t mode) noexcept;

} // namespace weft::detail
