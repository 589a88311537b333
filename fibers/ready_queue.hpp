#pragma once

#include <weft/fibers/fiber_record.hpp>

#include <boost/fiber/context.hpp>

#include <cstddef>
#include <memory>

namespace weft
{

/// The contexts that wait for their turn, first in first out. A ring of its own rather than Boost's
/// list through the contexts: queueing then touches neither a context nor its neighbours in the
/// queue, and the records are known without asking the contexts for them.
class ReadyQueue
{
public:
    /// Holds that many without allocating.
    explicit ReadyQueue(std::size_t capacityMin);

    bool empty() const noexcept
    {
        return first == end;
    }

    void push(const FiberContext& ready)
    {
        makeRoom();
        at(end++) = ready;
    }

    /// Before all others.
    void pushFirst(const FiberContext& ready)
    {
        makeRoom();
        at(--first) = ready;
    }

    /// Of a queue that is not empty. Valid until the next push.
    const FiberContext& pop() noexcept
    {
        return at(first++);
    }

private:
    FiberContext& at(std::size_t position) noexcept
    {
        return storage[position & (ringSize - 1)];
    }

    void makeRoom()
    {
        if (end - first == ringSize)
        {
            widen();
        }
    }

    /// Puts the contexts in order and doubles the ring. Allocates only for contexts that
    /// Boost.Fiber's own calls make: the storage has room for all others.
    void widen();

    // The ring takes no more of its storage than has been needed at once: few contexts that take
    // turns stay within few cache lines. Sizes are powers of two, positions are taken modulo the
    // ring's, and may wrap below zero.
    std::size_t ringSize;
    std::size_t first = 0;
    std::size_t end = 0;
    std::size_t storageSize;
    std::unique_ptr<FiberContext[]> storage;
};

} // namespace weft
