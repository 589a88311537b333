#pragma once

#include <weft/reactor/operation.hpp>
#include <weft/timers/clock.hpp>

#include <cstdint>
#include <expected>
#include <system_error>

namespace weft::detail
{

/// Carries the operation out and returns its result: a count or a descriptor, or a negated errno
/// other than EINTR. The error is an IoError: the call gave up, and the operation has ended without
/// an effect. When it had an effect although the call was giving up, that is returned, and
/// `gaveUp`, if given, says why it was giving up. On a reactor it suspends; on a plain thread it
/// blocks.
std::expected<std::int32_t, std::error_code> perform(Operation& operation, Deadline deadline,
                                                     std::error_code* gaveUp = nullptr);

/// The same without deadline, and a stop is not seen: for calls that must happen.
std::expected<std::int32_t, std::error_code> performToTheEnd(Operation& operation);

/// The plain thread's way: what can wait is tried without waiting, and poll(2), with the deadline
/// and beside the eventfd of ThreadWaits, does the waiting. Where nothing can interrupt the call
/// (no deadline, no ThreadWaits) it simply blocks.
std::expected<std::int32_t, std::error_code> performOnThread(Operation& operation,
                                                             Deadline deadline);

/// Where a deadline or a stop is to be seen, another thread opens (openWithoutWaiting()): a slow
/// device, a mount that does not answer. A descriptor that comes too late is closed with the result
/// that nobody takes.
std::expected<std::int32_t, std::error_code> openOnThread(const Operation& operation,
                                                          Deadline deadline);

/// The events that tell when an operation on a non-blocking descriptor can go on; zero for those
/// that never wait so.
int readinessEvents(OperationKind kind) noexcept;

} // namespace weft::detail
