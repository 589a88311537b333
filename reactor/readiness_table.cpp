#include <weft/reactor/perform.hpp>
#include <weft/reactor/readiness_table.hpp>

#include <bit>
#include <cerrno>
#include <climits>
#include <new>
#include <system_error>

#include <poll.h>
#include <unistd.h>

namespace weft
{

namespace
{

/// What the event of the eventfd carries: no descriptor.
constexpr std::uint64_t WakeTag = ~std::uint64_t{0};

constexpr std::size_t RowsMin = 1024;

constexpr std::uint64_t tagOf(int descriptor, std::uint32_t generation) noexcept
{
    return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(descriptor);
}

OwnedDescriptor makeSet()
{
    OwnedDescriptor set(::epoll_create1(EPOLL_CLOEXEC));
    if (!set)
    {
        throw std::system_error(errno, std::system_category(),
                                errno == EMFILE || errno == ENFILE
                                    ? "cannot create a reactor's epoll set; raise 'ulimit -n'"
                                    : "cannot create a reactor's epoll set");
    }
    return set;
}

/// For epoll_wait(2): rounded up, so that no timer is early.
int millisecondsOf(const timespec* timeout) noexcept
{
    if (timeout == nullptr)
    {
        return -1;
    }
    constexpr time_t SecondsMax = INT_MAX / 1000 - 1;
    if (timeout->tv_sec > SecondsMax)
    {
        return INT_MAX;
    }
    return static_cast<int>(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000);
}

} // namespace

std::uint32_t eventsOf(const Operation& operation) noexcept
{
    switch (operation.kind)
    {
    case OperationKind::Poll:
        return static_cast<std::uint32_t>(operation.flags);
    case OperationKind::Connect:
        return POLLOUT;
    default:
        return static_cast<std::uint32_t>(detail::readinessEvents(operation.kind));
    }
}

ReadinessTable::ReadinessTable(int wakeDescriptorToWatch)
    : set(makeSet()),
      wakeDescriptor(wakeDescriptorToWatch),
      rows(RowsMin)
{
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = WakeTag;
    if (::epoll_ctl(set.get(), EPOLL_CTL_ADD, wakeDescriptor, &event) != 0)
    {
        throw std::system_error(errno, std::system_category(), "cannot watch a reactor's eventfd");
    }
}

OperationQueue* ReadinessTable::waitersOn(int descriptor) noexcept
{
    const auto index = static_cast<std::size_t>(descriptor);
    return descriptor >= 0 && index < rows.size() ? &rows[index].waiters : nullptr;
}

int ReadinessTable::await(Operation& operation, OperationQueue& strays) noexcept
{
    const auto index = static_cast<std::size_t>(operation.descriptor);
    if (index >= rows.size())
    {
        try
        {
            rows.resize(std::bit_ceil(index + 1));
        }
        catch (const std::bad_alloc&)
        {
            return ENOMEM;
        }
    }
    operation.phase = Operation::Phase::Waiting;
    rows[index].waiters.push_back(operation);
    ++waiting;
    return arm(operation.descriptor, strays);
}

void ReadinessTable::forget(Operation& operation) noexcept
{
    auto& waiters = rows[static_cast<std::size_t>(operation.descriptor)].waiters;
    waiters.erase(waiters.iterator_to(operation));
    --waiting;
}

int ReadinessTable::control(int command, int descriptor, std::uint32_t events,
                            std::uint32_t generation) noexcept
{
    epoll_event event = {};
    event.events = events | EPOLLONESHOT;
    event.data.u64 = tagOf(descriptor, generation);
    calls.add(1);
    return ::epoll_ctl(set.get(), command, descriptor, &event) == 0 ? 0 : errno;
}

int ReadinessTable::arm(int descriptor, OperationQueue& strays) noexcept
{
    auto& row = rows[static_cast<std::size_t>(descriptor)];
    std::uint32_t events = 0;
    for (const auto& operation : row.waiters)
    {
        events |= eventsOf(operation);
    }
    row.generation = ++lastGeneration;
    const int error = control(EPOLL_CTL_MOD, descriptor, events, row.generation);
    if (error != ENOENT)
    {
        return error;
    }
    auto& newest = row.waiters.back();
    if (row.registered)
    {
        while (&row.waiters.front() != &newest)
        {
            auto& stray = row.waiters.front();
            row.waiters.pop_front();
            --waiting;
            strays.push_back(stray);
        }
        events = eventsOf(newest);
    }
    const int addError = control(EPOLL_CTL_ADD, descriptor, events, row.generation);
    row.registered = addError == 0;
    return addError;
}

int ReadinessTable::waitFor(const timespec* timeout, std::span<epoll_event> events) noexcept
{
    const auto size = static_cast<int>(events.size());
    calls.add(1);
    if (hasWait2)
    {
        const int count = ::epoll_pwait2(set.get(), events.data(), size, timeout, nullptr);
        // Else it is ENOSYS, of the kernel or of a seccomp filter that does not know the call, or
        // what such a filter answers instead: what is wrong for another reason, epoll_wait tells.
        if (count >= 0 || errno == EINTR)
        {
            return count;
        }
        hasWait2 = false;
    }
    return ::epoll_wait(set.get(), events.data(), size, millisecondsOf(timeout));
}

int ReadinessTable::wait(const timespec* timeout) noexcept
{
    std::array<epoll_event, EventsMax> events;
    readyCount = 0;
    const int count = waitFor(timeout, events);
    if (count < 0)
    {
        return errno;
    }
    for (const auto& event : std::span(events).first(static_cast<std::size_t>(count)))
    {
        const std::uint64_t tag = event.data.u64;
        if (tag == WakeTag)
        {
            // All that were written so far are one; a later one reports again.
            std::uint64_t written = 0;
            calls.add(1);
            [[maybe_unused]] const auto size = ::read(wakeDescriptor, &written, sizeof(written));
            wakes.add(1);
            continue;
        }
        readyOnes[readyCount] = {.descriptor = static_cast<int>(tag & 0xffff'ffff),
                                 .generation = static_cast<std::uint32_t>(tag >> 32),
                                 .events = event.events};
        ++readyCount;
    }
    return 0;
}

OperationQueue* ReadinessTable::waitersFor(const Ready& event) noexcept
{
    auto& row = rows[static_cast<std::size_t>(event.descriptor)];
    return row.generation == event.generation && !row.waiters.empty() ? &row.waiters : nullptr;
}

} // namespace weft
