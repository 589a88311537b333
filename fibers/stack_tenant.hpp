#pragma once

#include <weft/fibers/fiber_record.hpp>
#include <weft/memory/memory_mapping.hpp>
#include <weft/memory/stack_slab.hpp>

#include <boost/fiber/context.hpp>

#include <array>
#include <cstddef>

namespace weft
{

/// The context that lives on a stack of the slab.
struct StackTenant
{
    boost::fibers::context* idle; // while it waits for its next fiber
    FiberRecord* lastFiber;       // whose end it did not survive
    alignas(ContextHook) std::byte hookStorage[sizeof(ContextHook)];
};

#if !defined(WEFT_ADDRESS_SANITIZER) && !defined(WEFT_THREAD_SANITIZER)
static_assert(sizeof(StackTenant) == 64);
#endif

/// One for each stack, apart from the stacks: on them it would take many fibers that wait a page
/// more. Zeros at first, in pages that cost nothing until then.
class StackTenants
{
public:
    /// Throws std::system_error when the address space cannot be had.
    explicit StackTenants(const StackSlabOptions& stacks);

    StackTenant& of(const Stack& stack) const noexcept
    {
        const auto& mapping = mappings[static_cast<std::size_t>(stack.stackClass)];
        return reinterpret_cast<StackTenant*>(mapping.data())[stack.index];
    }

private:
    std::array<MemoryMapping, StackClassCount> mappings;
};

} // namespace weft
