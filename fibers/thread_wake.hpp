#pragma once

#include <utility>

namespace weft
{

/// An eventfd by which other threads end a plain thread's poll(2). It stays readable from raise()
/// until clear(), so a wake-up that comes before the poll is not lost.
class ThreadWake
{
public:
    /// Throws std::system_error when the machine refuses the descriptor.
    ThreadWake();
    ~ThreadWake();

    ThreadWake(ThreadWake&& other) noexcept
        : eventDescriptor(std::exchange(other.eventDescriptor, -1))
    {
    }

    ThreadWake& operator=(ThreadWake&&) = delete;

    int descriptor() const noexcept
    {
        return eventDescriptor;
    }

    /// Any thread.
    void raise() const noexcept;

    /// The thread that polls.
    void clear() const noexcept;

private:
    int eventDescriptor;
};

} // namespace weft
