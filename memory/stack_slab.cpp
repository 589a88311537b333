#include <weft/memory/assert.hpp>
#include <weft/memory/memory_error.hpp>
#include <weft/memory/sanitizer.hpp>
#include <weft/memory/stack_slab.hpp>

#include <algorithm>
#include <cerrno>
#include <string>

#include <sys/mman.h>

#ifndef MADV_GUARD_INSTALL
#    define MADV_GUARD_INSTALL 102
#endif

namespace weft
{

namespace
{

/// A guard page in the middle of a mapping leaves three where one was.
constexpr std::uint32_t MappingsPerGuard = 2;

/// Tries it rather than asking for the kernel's version: distributions carry patches back, and a
/// locked address space refuses it even where it exists.
GuardKind probeGuardKind()
{
    const MemoryMapping page(MemoryMapping::Use::Stacks, pageSizeBytes(),
                             "the trial of a stack guard page");
    return ::madvise(page.data(), page.sizeBytes(), MADV_GUARD_INSTALL) == 0 ? GuardKind::Madvise
                                                                             : GuardKind::Mprotect;
}

/// Written by the owner thread alone, so a load and a store do.
void raiseTo(std::atomic<std::uint32_t>& mark, std::uint32_t value) noexcept
{
    mark.store(std::max(mark.load(std::memory_order_relaxed), value), std::memory_order_relaxed);
}

} // namespace

std::string_view toString(GuardKind kind) noexcept
{
    return kind == GuardKind::Madvise ? "madvise" : "mprotect";
}

StackSlab::StackSlab(const StackSlabOptions& options)
    : budget(options.mapCountBudget != nullptr ? *options.mapCountBudget
                                               : MapCountBudget::process()),
      kind(options.forceMprotectGuards ? GuardKind::Mprotect : probeGuardKind()),
      guardBytes(pageSizeBytes())
{
    for (const StackClass stackClass : StackClasses)
    {
        Shelf& shelf = shelfOf(stackClass);
        shelf.stackClass = stackClass;
        shelf.capacity = options.stacks[static_cast<std::size_t>(stackClass)];
        shelf.usableBytes = alignUp(stackSizeBytes(stackClass), guardBytes);
        shelf.strideBytes = guardBytes + shelf.usableBytes;
        shelf.mapping =
            MemoryMapping(MemoryMapping::Use::Stacks, shelf.capacity * shelf.strideBytes,
                          std::to_string(shelf.capacity) + " " + std::string(toString(stackClass)) +
                              " stacks of " + std::to_string(shelf.strideBytes) + " bytes");
        shelf.freeIndices = std::make_unique_for_overwrite<std::uint32_t[]>(shelf.capacity);
        shelf.lent.resize(shelf.capacity, false);
    }
}

StackSlab::~StackSlab()
{
    for (const Shelf& shelf : shelves)
    {
        WEFT_ASSERT(shelf.inUse.load(std::memory_order_relaxed) == 0);
    }
    budget.refund(chargedMappings);
}

std::expected<Stack, std::error_code> StackSlab::take(StackClass stackClass) noexcept
{
    Shelf& shelf = shelfOf(stackClass);
    std::uint32_t index = 0;
    if (shelf.freeCount > 0)
    {
        index = shelf.freeIndices[--shelf.freeCount];
    }
    else
    {
        index = shelf.guardedCount.load(std::memory_order_relaxed);
        if (index == shelf.capacity)
        {
            return std::unexpected(make_error_code(MemoryError::NoFreeStack));
        }
        if (const std::error_code error =
                installGuard(shelf.mapping.data() + index * shelf.strideBytes))
        {
            return std::unexpected(error);
        }
        shelf.guardedCount.store(index + 1, std::memory_order_relaxed);
    }

    WEFT_ASSERT(!shelf.lent[index]);
    shelf.lent[index] = true;
    const std::uint32_t inUse = shelf.inUse.load(std::memory_order_relaxed) + 1;
    WEFT_ASSERT(inUse + shelf.freeCount == shelf.guardedCount.load(std::memory_order_relaxed));
    shelf.inUse.store(inUse, std::memory_order_relaxed);
    raiseTo(shelf.highWater, inUse);

    const Stack stack = stackAt(shelf, index);
    // A fiber that ended without returning through its frames leaves their red zones behind.
    unpoisonMemory(stack.bottom, stack.sizeBytes);
    return stack;
}

void StackSlab::give(const Stack& stack) noexcept
{
    Shelf& shelf = shelfOf(stack.stackClass);
    WEFT_ASSERT(stack.index < shelf.guardedCount.load(std::memory_order_relaxed));
    WEFT_ASSERT(stack.bottom == stackAt(shelf, stack.index).bottom);
    WEFT_ASSERT(shelf.lent[stack.index]);

    shelf.lent[stack.index] = false;
    shelf.freeIndices[shelf.freeCount++] = stack.index;
    shelf.inUse.store(shelf.inUse.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

bool StackSlab::available(StackClass stackClass) const noexcept
{
    const Shelf& shelf = shelfOf(stackClass);
    return shelf.freeCount > 0 ||
           shelf.guardedCount.load(std::memory_order_relaxed) < shelf.capacity;
}

std::optional<GuardHit> StackSlab::findGuard(const void* address) const noexcept
{
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    for (const Shelf& shelf : shelves)
    {
        const auto first = reinterpret_cast<std::uintptr_t>(shelf.mapping.data());
        if (wanted < first || wanted - first >= shelf.mapping.sizeBytes())
        {
            continue;
        }
        const std::size_t offset = wanted - first;
        const auto index = static_cast<std::uint32_t>(offset / shelf.strideBytes);
        const bool inGuard = offset % shelf.strideBytes < guardBytes;
        if (!inGuard || index >= shelf.guardedCount.load(std::memory_order_relaxed))
        {
            return std::nullopt;
        }
        return GuardHit{.stackClass = shelf.stackClass,
                        .stackIndex = index,
                        .stackBottom = stackAt(shelf, index).bottom};
    }
    return std::nullopt;
}

void StackSlab::releaseBelow(const Stack& stack, const std::byte* used) const noexcept
{
    if (used > stack.bottom && used <= stack.top())
    {
        releasePages(wholePages({stack.bottom, static_cast<std::size_t>(used - stack.bottom)}));
    }
}

std::size_t StackSlab::residentBytes(const Stack& stack) const noexcept
{
    return weft::residentBytes({stack.bottom, stack.sizeBytes});
}

StackStatistics StackSlab::statistics(StackClass stackClass) const noexcept
{
    const Shelf& shelf = shelfOf(stackClass);
    return StackStatistics{.capacity = shelf.capacity,
                           .inUse = shelf.inUse.load(std::memory_order_relaxed),
                           .highWater = shelf.highWater.load(std::memory_order_relaxed)};
}

StackSlab::Shelf& StackSlab::shelfOf(StackClass stackClass) noexcept
{
    return shelves[static_cast<std::size_t>(stackClass)];
}

const StackSlab::Shelf& StackSlab::shelfOf(StackClass stackClass) const noexcept
{
    return shelves[static_cast<std::size_t>(stackClass)];
}

std::error_code StackSlab::installGuard(std::byte* guardPage) noexcept
{
    if (kind == GuardKind::Madvise)
    {
        if (::madvise(guardPage, guardBytes, MADV_GUARD_INSTALL) == 0)
        {
            return {};
        }
        // ENOMEM: no page table. EINVAL: the host has locked its memory since the trial.
        return {errno, std::system_category()};
    }

    if (!budget.tryCharge(MappingsPerGuard))
    {
        return MemoryError::MapCountExhausted;
    }
    if (::mprotect(guardPage, guardBytes, PROT_NONE) != 0)
    {
        const int error = errno;
        budget.refund(MappingsPerGuard);
        // ENOMEM here is the host having used up what the budget left to it.
        return error == ENOMEM ? make_error_code(MemoryError::MapCountExhausted)
                               : std::error_code(error, std::system_category());
    }
    chargedMappings += MappingsPerGuard;
    return {};
}

} // namespace weft
