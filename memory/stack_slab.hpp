#pragma once

#include <weft/memory/map_count_budget.hpp>
#include <weft/memory/memory_mapping.hpp>
#include <weft/memory/stack_class.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

/// \file
/// The stacks of one reactor.
///
/// All stacks of a class lie in one mapping, each above its guard page, so that overflowing a stack
/// faults instead of writing into a neighbour's. The last stack given back is the next one taken:
/// its pages are resident and warm. A stack that was never taken has never been touched and costs
/// address space only, so the numbers in the options may be generous.
///
/// Guard pages are made when a stack is first taken and stay. MADV_GUARD_INSTALL (Linux 6.13) makes
/// them inside the mapping; where the kernel refuses it, mprotect does, at two mappings each,
/// within the MapCountBudget.
///
/// The free list is kept apart from the stacks. Nothing is allocated after construction.

namespace weft
{

/// A stack lent by a slab: plain data, given back by StackSlab::give.
struct Stack
{
    /// Lowest usable byte; the guard page lies right under it.
    std::byte* bottom = nullptr;
    std::size_t sizeBytes = 0;
    StackClass stackClass = StackClass::Small;
    /// Position within its class, from zero.
    std::uint32_t index = 0;

    /// One past the highest usable byte: where a fiber's first frame begins.
    std::byte* top() const noexcept
    {
        return bottom + sizeBytes;
    }
};

struct StackSlabOptions
{
    /// Stacks of each class, by StackClass. Zero is allowed.
    std::array<std::uint32_t, StackClassCount> stacks{};
    /// Uses mprotect even where the kernel has MADV_GUARD_INSTALL.
    bool forceMprotectGuards = false;
    /// What mprotect guards are charged to; null means MapCountBudget::process(). Outlives the
    /// slab.
    MapCountBudget* mapCountBudget = nullptr;
};

/// How guard pages are made.
enum class GuardKind : std::uint8_t
{
    /// MADV_GUARD_INSTALL: no mapping is split.
    Madvise,
    /// mprotect(PROT_NONE): two mappings for each stack.
    Mprotect,
};

/// "madvise" or "mprotect".
std::string_view toString(GuardKind kind) noexcept;

/// The stack whose guard page an address lies in.
struct GuardHit
{
    StackClass stackClass = StackClass::Small;
    std::uint32_t stackIndex = 0;
    /// Lowest usable byte of that stack.
    const std::byte* stackBottom = nullptr;
};

struct StackStatistics
{
    std::uint32_t capacity = 0;
    std::uint32_t inUse = 0;
    /// The most that were in use at once.
    std::uint32_t highWater = 0;
};

/// One for each reactor. take, give and available belong to the thread that runs the reactor; the
/// rest may be called by any thread while the slab exists.
class StackSlab
{
public:
    /// Throws std::system_error when a mapping is refused; its message has the number, the size and
    /// what to do.
    explicit StackSlab(const StackSlabOptions& options);

    /// Every stack has been given back.
    ~StackSlab();

    StackSlab(const StackSlab&) = delete;
    StackSlab& operator=(const StackSlab&) = delete;

    /// The stack of that class given back last, with what it held then, else one never used.
    /// Errors: MemoryError::NoFreeStack, MemoryError::MapCountExhausted, or the errno with which
    /// the kernel refused the guard page. A failed take changes nothing. Owner thread.
    std::expected<Stack, std::error_code> take(StackClass stackClass) noexcept;

    /// Takes back what take() answered, once. Owner thread.
    void give(const Stack& stack) noexcept;

    /// Calls `visit(const Stack&)` for each stack that was ever taken. Owner thread.
    template <typename Visit>
    void forEachTaken(Visit visit) const
    {
        for (const Shelf& shelf : shelves)
        {
            const auto count = shelf.guardedCount.load(std::memory_order_relaxed);
            for (std::uint32_t index = 0; index < count; ++index)
            {
                visit(stackAt(shelf, index));
            }
        }
    }

    /// Whether a stack of that class is free. Owner thread.
    bool available(StackClass stackClass) const noexcept;

    GuardKind guardKind() const noexcept
    {
        return kind;
    }

    /// The stack whose guard page contains `address`, if one of this slab does. For a handler of
    /// SIGSEGV: it is async-signal-safe and reads nothing at `address`.
    std::optional<GuardHit> findGuard(const void* address) const noexcept;

    /// Gives the whole pages below `used` back to the system; nothing if that is not on the stack.
    /// They are zeros when they are touched again. Any thread, while nobody runs on the stack.
    void releaseBelow(const Stack& stack, const std::byte* used) const noexcept;

    /// Bytes of the stack that are resident: how deep it has been used, in whole pages, since the
    /// slab was made or releaseBelow() was called. Zero when the kernel does not say.
    std::size_t residentBytes(const Stack& stack) const noexcept;

    StackStatistics statistics(StackClass stackClass) const noexcept;

private:
    /// All stacks of one class. Stack i begins at i * strideBytes with its guard page.
    struct Shelf
    {
        MemoryMapping mapping;
        StackClass stackClass = StackClass::Small;
        std::size_t strideBytes = 0;
        std::size_t usableBytes = 0;
        std::uint32_t capacity = 0;
        /// Indices of stacks given back, the last one on top. Not initialised: untouched pages.
        std::unique_ptr<std::uint32_t[]> freeIndices;
        std::uint32_t freeCount = 0;
        /// By index: lent now. Tells a stack given back twice.
        std::vector<bool> lent;
        /// Stacks below this index have their guard page; those above were never taken.
        std::atomic<std::uint32_t> guardedCount = 0;
        std::atomic<std::uint32_t> inUse = 0;
        std::atomic<std::uint32_t> highWater = 0;
    };

    Stack stackAt(const Shelf& shelf, std::uint32_t index) const noexcept
    {
        return {.bottom = shelf.mapping.data() + index * shelf.strideBytes + guardBytes,
                .sizeBytes = shelf.usableBytes,
                .stackClass = shelf.stackClass,
                .index = index};
    }

    Shelf& shelfOf(StackClass stackClass) noexcept;
    const Shelf& shelfOf(StackClass stackClass) const noexcept;
    std::error_code installGuard(std::byte* guardPage) noexcept;

    MapCountBudget& budget;
    GuardKind kind;
    std::size_t guardBytes;
    std::uint32_t chargedMappings = 0;
    std::array<Shelf, StackClassCount> shelves;
};

} // namespace weft
