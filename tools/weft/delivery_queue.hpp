#pragma once

#include <weft/memory/assert.hpp>
#include <weft/memory/io_buffer.hpp>
#include <weft/memory/memory_mapping.hpp>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace weft::tools
{

/// What a reactor hands to a worker.
struct Delivery
{
    /// Empty: the source, or that connection of it, has closed; nothing follows.
    IoBuffer buffer;
    std::uint32_t source = 0;
    /// See BufferMetadata. Of a buffer, its metadata has it.
    std::uint64_t connection = 0;
};

/// The way from all reactors to one worker: a ring with many writers and one reader, which cannot
/// be full, because it has room for everything that can exist at once. Neither side allocates; a
/// writer never waits, a reader with nothing to do sleeps.
///
/// 1. A writer takes a ticket, fills the cell of that ticket and then marks the cell as full, so
///    the deliveries of one thread stay in order.
/// 2. The reader empties a cell before it hands the buffer on. A buffer that comes again therefore
///    finds a cell that is empty, which push() asserts.
/// 3. Reader and writer meet as Dekker taught: the reader says that it is going to sleep and then
///    looks for a full cell; the writer fills the cell and then looks for a sleeper. These four are
///    sequentially consistent, so at least one of the two sees the other.
/// 4. A cell that was never used is all zeros, as new memory is, so the queue takes memory only for
///    the cells that deliveries have come to: an idle one of a million cells takes next to none.
class DeliveryQueue
{
public:
    /// Throws std::system_error when the address space is refused.
    explicit DeliveryQueue(std::size_t capacityLeast)
        : mask(std::bit_ceil(capacityLeast) - 1),
          memory(MemoryMapping::Use::Buffers, (mask + 1) * sizeof(Cell),
                 "the queue of deliveries to a worker"),
          cells(reinterpret_cast<Cell*>(memory.data()))
    {
    }

    /// Nobody pushes any more.
    ~DeliveryQueue()
    {
        while (readTicket != nextTicket.load(std::memory_order_relaxed))
        {
            pop();
        }
    }

    DeliveryQueue(const DeliveryQueue&) = delete;
    DeliveryQueue& operator=(const DeliveryQueue&) = delete;

    /// Any thread. Never blocks.
    void push(Delivery delivery) noexcept
    {
        const auto ticket = nextTicket.fetch_add(1, std::memory_order_relaxed);
        auto& cell = cells[ticket & mask];
        const std::atomic_ref lap(cell.lap);
        WEFT_ASSERT(lap.load(std::memory_order_acquire) == lapOf(ticket));
        ::new (static_cast<void*>(cell.delivery)) Delivery(std::move(delivery));
        lap.store(lapOf(ticket) + Full, std::memory_order_seq_cst);
        if (asleep.load(std::memory_order_seq_cst) && asleep.exchange(false))
        {
            asleep.notify_one();
        }
    }

    /// The oldest delivery; waits for one. The reader's thread.
    Delivery pop() noexcept
    {
        auto& cell = cells[readTicket & mask];
        const std::atomic_ref lap(cell.lap);
        const auto full = lapOf(readTicket) + Full;
        while (lap.load(std::memory_order_acquire) != full)
        {
            asleep.store(true, std::memory_order_seq_cst);
            if (lap.load(std::memory_order_seq_cst) != full)
            {
                asleep.wait(true);
            }
            asleep.store(false, std::memory_order_relaxed);
        }
        auto* const stored = std::launder(reinterpret_cast<Delivery*>(cell.delivery));
        auto delivery = std::move(*stored);
        std::destroy_at(stored);
        ++readTicket;
        lap.store(lapOf(readTicket + mask), std::memory_order_release);
        return delivery;
    }

private:
    struct Cell
    {
        /// Twice the number of times that the cell has been emptied, and Full while it is full. Not
        /// a std::atomic, which new memory would have to be made into.
        alignas(std::atomic_ref<std::size_t>::required_alignment) std::size_t lap;
        alignas(Delivery) std::byte delivery[sizeof(Delivery)];
    };

    static_assert(std::is_trivially_default_constructible_v<Cell>);

    static constexpr std::size_t Full = 1;

    std::size_t lapOf(std::size_t ticket) const noexcept
    {
        return ticket >> lapShift << 1;
    }

    const std::size_t mask;
    const int lapShift = std::countr_zero(mask + 1);
    const MemoryMapping memory;
    Cell* const cells;
    alignas(64) std::atomic<std::size_t> nextTicket = 0;
    alignas(64) std::atomic<bool> asleep = false;
    std::size_t readTicket = 0;
};

} // namespace weft::tools
