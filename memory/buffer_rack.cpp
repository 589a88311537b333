#include <weft/memory/assert.hpp>
#include <weft/memory/buffer_rack.hpp>

#include <memory>
#include <utility>

namespace weft
{

BufferRacks::BufferRacks(std::span<std::byte> memory) noexcept
    : memoryStart(memory.data()),
      total(static_cast<std::uint32_t>(memory.size() / sizeof(BufferRack)))
{
    WEFT_ASSERT(reinterpret_cast<std::uintptr_t>(memoryStart) % alignof(BufferRack) == 0);
}

BufferRacks::~BufferRacks()
{
    WEFT_ASSERT(taken == 0);
}

BufferRack* BufferRacks::tryTake() noexcept
{
    BufferRack* rack = firstFree;
    if (rack != nullptr)
    {
        firstFree = std::exchange(rack->nextFree, nullptr);
    }
    else if (made < total)
    {
        auto* const place = memoryStart + made * sizeof(BufferRack);
        rack = std::construct_at(reinterpret_cast<BufferRack*>(place));
        ++made;
    }
    taken += rack != nullptr ? 1 : 0;
    return rack;
}

void BufferRacks::giveBack(BufferRack& rack) noexcept
{
    WEFT_ASSERT(taken > 0 && rack.nextFree == nullptr && &rack != firstFree);
    // Places are filled from the front.
    WEFT_ASSERT(!rack.buffers[0] && !rack.buffers[1]);
    rack.nextFree = std::exchange(firstFree, &rack);
    --taken;
}

} // namespace weft
