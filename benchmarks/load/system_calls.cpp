#include "system_calls.hpp"

#include <array>
#include <atomic>
#include <cstddef>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

namespace
{

/// Threads that run at the same time should not share a line.
struct alignas(64) Counter
{
    std::atomic<std::uint64_t> calls = 0;
};

constexpr std::size_t CounterCount = 256;
std::array<Counter, CounterCount> counters;
std::atomic<std::size_t> threads = 0;

void countCall() noexcept
{
    thread_local auto& own = counters[threads.fetch_add(1) % CounterCount];
    own.calls.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

std::uint64_t weft::bench::libraryCalls() noexcept
{
    std::uint64_t calls = 0;
    for (const auto& counter : counters)
    {
        calls += counter.calls.load(std::memory_order_relaxed);
    }
    return calls;
}

// The linker turns each call of `name` into one of __wrap_name, and __real_name is the original.
#define WEFT_COUNT(result, name, parameters, arguments)                                            \
    extern "C" result __real_##name parameters;                                                    \
    extern "C" result __wrap_##name parameters;                                                    \
    result __wrap_##name parameters                                                                \
    {                                                                                              \
        countCall();                                                                               \
        return __real_##name arguments;                                                            \
    }

WEFT_COUNT(ssize_t, recv, (int socket, void* data, size_t count, int flags),
           (socket, data, count, flags))
WEFT_COUNT(ssize_t, recvmsg, (int socket, msghdr* message, int flags), (socket, message, flags))
WEFT_COUNT(ssize_t, read, (int file, void* data, size_t count), (file, data, count))
WEFT_COUNT(ssize_t, readv, (int file, const iovec* parts, int count), (file, parts, count))
WEFT_COUNT(ssize_t, write, (int file, const void* data, size_t count), (file, data, count))
WEFT_COUNT(ssize_t, pread, (int file, void* data, size_t count, off_t offset),
           (file, data, count, offset))
WEFT_COUNT(ssize_t, preadv, (int file, const iovec* parts, int count, off_t offset),
           (file, parts, count, offset))
WEFT_COUNT(ssize_t, preadv2, (int file, const iovec* parts, int count, off_t offset, int flags),
           (file, parts, count, offset, flags))
WEFT_COUNT(int, poll, (pollfd * entries, nfds_t count, int timeout), (entries, count, timeout))
WEFT_COUNT(int, ppoll,
           (pollfd * entries, nfds_t count, const timespec* timeout, const sigset_t* signals),
           (entries, count, timeout, signals))
WEFT_COUNT(int, epoll_wait, (int epoll, epoll_event* events, int count, int timeout),
           (epoll, events, count, timeout))
WEFT_COUNT(int, epoll_pwait2,
           (int epoll, epoll_event* events, int count, const timespec* timeout,
            const sigset_t* signals),
           (epoll, events, count, timeout, signals))
WEFT_COUNT(int, epoll_ctl, (int epoll, int operation, int file, epoll_event* event),
           (epoll, operation, file, event))
WEFT_COUNT(int, timerfd_settime,
           (int timer, int flags, const itimerspec* value, itimerspec* before),
           (timer, flags, value, before))
