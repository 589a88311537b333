#include <weft/fibers/thread_wake.hpp>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace weft
{

ThreadWake::ThreadWake() : eventDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{
    if (eventDescriptor < 0)
    {
        throw std::system_error(errno, std::system_category(),
                                "cannot create the eventfd of a thread that is to be stoppable; "
                                "raise 'ulimit -n'");
    }
}

ThreadWake::~ThreadWake()
{
    if (eventDescriptor >= 0)
    {
        ::close(eventDescriptor);
    }
}

void ThreadWake::raise() const noexcept
{
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the wake-up is there already.
    [[maybe_unused]] const auto size = ::write(eventDescriptor, &one, sizeof(one));
}

void ThreadWake::clear() const noexcept
{
    std::uint64_t count = 0;
    // Fails only when there is nothing to clear.
    [[maybe_unused]] const auto size = ::read(eventDescriptor, &count, sizeof(count));
}

} // namespace weft
