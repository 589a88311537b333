#pragma once

#include <weft/reactor/ended_operations.hpp>
#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/relaxed_counter.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <sys/epoll.h>
#include <time.h>

namespace weft
{

/// The operations that wait until their descriptor is ready, by descriptor, and the epoll set that
/// tells. One thread's.
///
/// The kernel knows a registration by number and file, we by number only, and descriptors are
/// closed and their numbers given out again without our being told. So nothing that is noted here
/// about the set is relied on:
///   1. A registration reports once (EPOLLONESHOT) and is then silent until it is armed again; each
///      wait arms it, whatever is noted here. One that a number has left behind reports once at
///      most.
///   2. Arming changes the registration, and when there is none for the file that has the number
///      now (ENOENT), adds one. Who waited on that number before then waits on a file that has been
///      closed, and is a stray.
///   3. Each arming has a generation of its own, which the event carries: one of an earlier arming,
///      of a file that had the number before, is dropped.
class ReadinessTable
{
public:
    /// Registers the eventfd that ends a wait. Throws std::system_error.
    explicit ReadinessTable(int wakeDescriptor);

    ReadinessTable(const ReadinessTable&) = delete;
    ReadinessTable& operator=(const ReadinessTable&) = delete;

    /// The operations that wait on the descriptor, in the order in which they came; null: the
    /// number has never been waited on.
    OperationQueue* waitersOn(int descriptor) noexcept;

    /// Puts the operation behind those, and arms. Zero or an errno: ENOMEM, and then it is in no
    /// queue; or what arm() answers, and then it is in its queue, which nothing will wake.
    [[nodiscard]] int await(Operation& operation, OperationQueue& strays) noexcept;

    /// Takes the operation out. What is armed may report once more, to nobody.
    void forget(Operation& operation) noexcept;

    /// Arms the descriptor for all who wait on it. `strays` gets those that turn out to wait on a
    /// closed file. Zero or an errno, such as EPERM: files of this kind are always ready, or never.
    [[nodiscard]] int arm(int descriptor, OperationQueue& strays) noexcept;

    bool empty() const noexcept
    {
        return waiting == 0;
    }

    /// Waits for events; null: until there is one. Zero or an errno. A wake-up is taken from the
    /// eventfd, and counted, here.
    [[nodiscard]] int wait(const timespec* timeout) noexcept;

    struct Ready
    {
        int descriptor;
        std::uint32_t generation;
        std::uint32_t events;
    };

    /// What the last wait() has found: at most EventsMax at once, the rest next time.
    std::span<const Ready> ready() const noexcept
    {
        return {readyOnes.data(), readyCount};
    }

    /// Who waits for the event; null: it is of an arming that is no longer.
    OperationQueue* waitersFor(const Ready& event) noexcept;

    /// The operation has been taken out of waitersFor().
    void taken() noexcept
    {
        --waiting;
    }

    std::uint64_t systemCalls() const noexcept
    {
        return calls.get();
    }

    std::uint64_t wakeUps() const noexcept
    {
        return wakes.get();
    }

private:
    static constexpr std::size_t EventsMax = 256;

    struct Row
    {
        OperationQueue waiters;
        std::uint32_t generation = 0;
        bool registered = false; // by the last arming: no promise about now
    };

    int control(int command, int descriptor, std::uint32_t events,
                std::uint32_t generation) noexcept;
    int waitFor(const timespec* timeout, std::span<epoll_event> events) noexcept;

    OwnedDescriptor set;
    const int wakeDescriptor;
    std::vector<Row> rows; // by descriptor; as many as the highest number so far needs
    std::size_t waiting = 0;
    std::uint32_t lastGeneration = 0;
    bool hasWait2 = true;
    std::array<Ready, EventsMax> readyOnes{};
    std::size_t readyCount = 0;
    RelaxedCounter calls;
    RelaxedCounter wakes;
};

/// The events that let the operation go on.
std::uint32_t eventsOf(const Operation& operation) noexcept;

} // namespace weft
