#include <weft/fibers/record_pool.hpp>
#include <weft/memory/assert.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <system_error>

#include <sys/mman.h>

namespace weft
{

namespace
{

FiberId nextFiberId() noexcept
{
    static std::atomic<FiberId> last = 0;
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

} // namespace

RecordPool::RecordPool(std::size_t recordsMaxWanted) : recordsMax(recordsMaxWanted)
{
    const auto sizeBytes = recordsMax * sizeof(Slot);
    void* mapping = ::mmap(nullptr, sizeBytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED)
    {
        throw std::system_error(
            errno, std::generic_category(),
            fmt::format("cannot map {} bytes for {} fiber records; lower the number of stacks",
                        sizeBytes, recordsMax));
    }
    slots = static_cast<Slot*>(mapping);
}

RecordPool::~RecordPool()
{
    WEFT_ASSERT(liveCount == 0); // a Fiber handle has outlived its Runtime
    ::munmap(slots, recordsMax * sizeof(Slot));
}

FiberRecord* RecordPool::tryAllocate(Scheduler& scheduler, std::string_view name,
                                     StackClass stackClass)
{
    const std::lock_guard lock(mutex);
    Slot* slot = firstFree;
    if (slot != nullptr)
    {
        firstFree = slot->nextFree;
    }
    else if (slotsTouched < recordsMax)
    {
        slot = &slots[slotsTouched++];
    }
    else
    {
        return nullptr;
    }
    slot->live = true;
    ++liveCount;
    return std::construct_at(reinterpret_cast<FiberRecord*>(slot->storage), scheduler,
                             nextFiberId(), name, stackClass);
}

void RecordPool::free(FiberRecord& record) noexcept
{
    const std::lock_guard lock(mutex);
    auto* slot = reinterpret_cast<Slot*>(&record);
    WEFT_ASSERT(slot->live);
    std::destroy_at(&record);
    slot->live = false;
    slot->nextFree = firstFree;
    firstFree = slot;
    --liveCount;
}

std::size_t RecordPool::inUse() const
{
    const std::lock_guard lock(mutex);
    return liveCount;
}

std::size_t RecordPool::touched() const
{
    const std::lock_guard lock(mutex);
    return slotsTouched;
}

void RecordPool::list(std::vector<FiberInfo>& fibers, std::size_t reactor,
                      std::chrono::steady_clock::time_point now) const
{
    const std::lock_guard lock(mutex);
    for (std::size_t index = 0; index < slotsTouched; ++index)
    {
        if (!slots[index].live)
        {
            continue;
        }
        const auto& record = *reinterpret_cast<const FiberRecord*>(slots[index].storage);
        const auto [state, since] = record.line.stateAndSince();
        if (state == FiberState::Finished)
        {
            continue;
        }
        fibers.push_back({
            .id = record.id(),
            .name = std::string(record.name()),
            .state = state,
            .timeInState = std::max<std::chrono::nanoseconds>(now - since, {}),
            .reactor = reactor,
            .stackClass = record.stackClass(),
            .stackSizeBytes = weft::stackSizeBytes(record.stackClass()),
            .stackUsedBytes = record.stackUsedBytes(),
        });
    }
}

} // namespace weft
