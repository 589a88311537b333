#pragma once

#include <weft/memory/assert.hpp>
#include <weft/memory/io_buffer.hpp>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace weft::tools
{

/// What a reactor hands to a worker.
struct Delivery
{
    /// Empty: the source has closed, nothing follows.
    IoBuffer buffer;
    std::uint32_t source = 0;
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
class DeliveryQueue
{
public:
    explicit DeliveryQueue(std::size_t capacityLeast)
        : mask(std::bit_ceil(capacityLeast) - 1),
          cells(std::make_unique<Cell[]>(mask + 1))
    {
        for (std::size_t index = 0; index <= mask; ++index)
        {
            cells[index].sequence.store(index, std::memory_order_relaxed);
        }
    }

    DeliveryQueue(const DeliveryQueue&) = delete;
    DeliveryQueue& operator=(const DeliveryQueue&) = delete;

    /// Any thread. Never blocks.
    void push(Delivery delivery) noexcept
    {
        const auto ticket = nextTicket.fetch_add(1, std::memory_order_relaxed);
        auto& cell = cells[ticket & mask];
        WEFT_ASSERT(cell.sequence.load(std::memory_order_acquire) == ticket);
        cell.delivery = std::move(delivery);
        cell.sequence.store(ticket + 1, std::memory_order_seq_cst);
        if (asleep.load(std::memory_order_seq_cst) && asleep.exchange(false))
        {
            asleep.notify_one();
        }
    }

    /// The oldest delivery; waits for one. The reader's thread.
    Delivery pop() noexcept
    {
        auto& cell = cells[readTicket & mask];
        while (cell.sequence.load(std::memory_order_acquire) != readTicket + 1)
        {
            asleep.store(true, std::memory_order_seq_cst);
            if (cell.sequence.load(std::memory_order_seq_cst) != readTicket + 1)
            {
                asleep.wait(true);
            }
            asleep.store(false, std::memory_order_relaxed);
        }
        auto delivery = std::move(cell.delivery);
        cell.sequence.store(readTicket + mask + 1, std::memory_order_release);
        ++readTicket;
        return delivery;
    }

private:
    struct Cell
    {
        /// The ticket while the cell is empty, one more when it is full.
        std::atomic<std::size_t> sequence = 0;
        Delivery delivery;
    };

    const std::size_t mask;
    const std::unique_ptr<Cell[]> cells;
    alignas(64) std::atomic<std::size_t> nextTicket = 0;
    alignas(64) std::atomic<bool> asleep = false;
    std::size_t readTicket = 0;
};

} // namespace weft::tools
