#pragma once

#include <weft/sources/source_event.hpp>

#include "tests/support/heap_count.hpp"

#include <cstddef>
#include <cstdint>
#include <semaphore>
#include <variant>

namespace weft::test
{

/// Counts buffers, and heap allocations between the first and the ten-thousandth, of all threads.
class AllocationMeter
{
public:
    static constexpr std::uint64_t LastBuffer = 10'000;

    /// `count` is what is compared.
    explicit AllocationMeter(std::size_t (*count)() = heapAllocationCount) : counter(count)
    {
    }

    EmitFunction emit()
    {
        return [this](OriginId, SourceEvent event)
        {
            if (!std::holds_alternative<SourceData>(event))
            {
                return;
            }
            const auto seen = ++buffers;
            if (seen == 1)
            {
                atFirst = counter();
            }
            else if (seen == LastBuffer)
            {
                atLast = counter();
                done.release();
            }
        };
    }

    std::size_t allocations()
    {
        done.acquire();
        return atLast - atFirst;
    }

private:
    std::size_t (*const counter)();
    std::uint64_t buffers = 0;
    std::size_t atFirst = 0;
    std::size_t atLast = 0;
    std::binary_semaphore done{0};
};

} // namespace weft::test
