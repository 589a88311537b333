#pragma once

#include <weft/fibers/fiber_record.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace weft
{

/// What an operator sees of one live fiber.
struct FiberInfo
{
    FiberId id = 0;
    std::string name;
    FiberState state = FiberState::Queued;
    std::chrono::nanoseconds timeInState{};
    std::size_t reactor = 0;
    StackClass stackClass = StackClass::Small;
    std::size_t stackSizeBytes = 0;
    std::size_t stackUsedBytes = 0; // when it was last suspended
};

/// The records of one reactor's fibers: a fixed number, made when first needed and then reused.
/// Any thread may allocate, free and list.
class RecordPool
{
public:
    /// Throws std::system_error when the address space cannot be had.
    explicit RecordPool(std::size_t recordsMax);
    ~RecordPool();

    RecordPool(const RecordPool&) = delete;
    RecordPool& operator=(const RecordPool&) = delete;

    /// Null when all records are in use.
    FiberRecord* tryAllocate(Scheduler& scheduler, std::string_view name, StackClass stackClass);
    void free(FiberRecord& record) noexcept;

    std::size_t capacity() const noexcept
    {
        return recordsMax;
    }

    std::size_t inUse() const;

    /// Calls `visit(FiberRecord&)` for each record in use. The pool is locked meanwhile: it must
    /// not allocate or free.
    template <typename Visit>
    void forEach(Visit visit)
    {
        forSome(0, recordsMax, visit);
    }

    /// As forEach(), for the `count` records from place `first` on that are in use or have been:
    /// the place after them, or zero when there are no more.
    template <typename Visit>
    std::size_t forSome(std::size_t first, std::size_t count, Visit visit)
    {
        const std::lock_guard lock(mutex);
        const auto end = std::min(first + count, slotsTouched);
        for (auto index = first; index < end; ++index)
        {
            if (slots[index].live)
            {
                visit(*reinterpret_cast<FiberRecord*>(slots[index].storage));
            }
        }
        return end < slotsTouched ? end : 0;
    }

    /// How many are in use or have been.
    std::size_t touched() const;

    /// Appends a line for each fiber that has not finished.
    void list(std::vector<FiberInfo>& fibers, std::size_t reactor,
              std::chrono::steady_clock::time_point now) const;

private:
    struct Slot
    {
        alignas(FiberRecord) std::byte storage[sizeof(FiberRecord)];
        Slot* nextFree;
        bool live;
    };

    mutable std::mutex mutex;
    const std::size_t recordsMax;
    Slot* slots = nullptr;
    std::size_t slotsTouched = 0;
    std::size_t liveCount = 0;
    Slot* firstFree = nullptr;
};

} // namespace weft
