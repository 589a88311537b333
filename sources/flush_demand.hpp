#pragma once

#include <weft/timers/clock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weft
{

/// Downstream's wish to have what a source holds now: between the threads that utter it and the
/// fiber or thread that fills. It lasts until the source's next buffer is delivered, so one that
/// finds an empty buffer is fulfilled by the first bytes that come.
///
/// The two sides meet as Dekker taught, on sequentially consistent operations: who demands stores
/// the wish and then reads when the buffer is due; who fills stores when it is due and then reads
/// the wish before each wait. So either the filler does not wait, or the demander knows the
/// deadline of the wait to bring forward.
class FlushDemand
{
public:
    // Any thread.

    /// When the buffer that is being filled is due; NoDeadline while there is nothing to deliver.
    Deadline utter() noexcept
    {
        uttered.store(true, std::memory_order_seq_cst);
        return dueAt();
    }

    Deadline dueAt() const noexcept
    {
        return due.load(std::memory_order_seq_cst);
    }

    // The filling side.

    bool isUttered() const noexcept
    {
        return uttered.load(std::memory_order_seq_cst);
    }

    /// A deadline that never comes, and that no other buffer has: a demand for one buffer must not
    /// cut short the wait for the next.
    Deadline dueOnDemandOnly() noexcept
    {
        constexpr std::uint32_t DeadlinesMost = 1'000'000'000;
        buffersOnDemand = (buffersOnDemand + 1) % DeadlinesMost;
        return NoDeadline - std::chrono::nanoseconds(1 + buffersOnDemand);
    }

    /// The buffer has its first bytes and is due at `deadline`.
    void filling(Deadline deadline) noexcept
    {
        due.store(deadline, std::memory_order_seq_cst);
    }

    /// No buffer is being filled.
    void notFilling() noexcept
    {
        due.store(NoDeadline, std::memory_order_relaxed);
    }

    /// A buffer is on its way downstream. Whether it had been asked for.
    bool fulfil() noexcept
    {
        return uttered.load(std::memory_order_relaxed) &&
               uttered.exchange(false, std::memory_order_seq_cst);
    }

private:
    std::atomic<bool> uttered = false;
    std::atomic<Deadline> due = NoDeadline;
    std::uint32_t buffersOnDemand = 0; // of the filling side
    static_assert(std::atomic<Deadline>::is_always_lock_free);
};

} // namespace weft
