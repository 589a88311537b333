#include <weft/memory/assert.hpp>
#include <weft/memory/map_count_budget.hpp>

#include <algorithm>
#include <fstream>

namespace weft
{

MapCountBudget::MapCountBudget(std::uint32_t mappings) noexcept : left(mappings)
{
}

MapCountBudget& MapCountBudget::process()
{
    static const std::uint32_t limit = maxMapCount();
    static MapCountBudget budget{limit - std::min(ReservedMappings, limit / 2)};
    return budget;
}

bool MapCountBudget::tryCharge(std::uint32_t mappings) noexcept
{
    std::uint32_t before = left.load(std::memory_order_relaxed);
    do
    {
        if (before < mappings)
        {
            return false;
        }
    } while (!left.compare_exchange_weak(before, before - mappings, std::memory_order_relaxed));
    return true;
}

void MapCountBudget::refund(std::uint32_t mappings) noexcept
{
    const std::uint32_t before = left.fetch_add(mappings, std::memory_order_relaxed);
    WEFT_ASSERT(before + mappings >= before);
}

std::uint32_t MapCountBudget::remaining() const noexcept
{
    return left.load(std::memory_order_relaxed);
}

std::uint32_t maxMapCount()
{
    constexpr std::uint32_t KernelDefault = 65530;
    std::uint32_t limit = 0;
    std::ifstream file("/proc/sys/vm/max_map_count");
    return file >> limit ? limit : KernelDefault;
}

} // namespace weft
