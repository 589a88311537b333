#pragma once

#include <atomic>
#include <cstdint>

namespace weft
{

/// A counter that one thread writes, without the cost of an atomic addition, and any reads.
class RelaxedCounter
{
public:
    void add(std::uint64_t amount) noexcept
    {
        value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }

    std::uint64_t get() const noexcept
    {
        return value.load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t> value = 0;
};

} // namespace weft
