#include <weft/fibers/stack_tenant.hpp>
#include <weft/memory/stack_class.hpp>

#include <fmt/format.h>

namespace weft
{

StackTenants::StackTenants(const StackSlabOptions& stacks)
{
    for (const auto stackClass : StackClasses)
    {
        const auto place = static_cast<std::size_t>(stackClass);
        const std::size_t count = stacks.stacks[place];
        mappings[place] =
            MemoryMapping(MemoryMapping::Use::Buffers, count * sizeof(StackTenant),
                          fmt::format("the contexts on {} {} stacks", count, toString(stackClass)));
    }
}

} // namespace weft
