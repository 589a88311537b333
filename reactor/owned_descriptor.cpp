#include <weft/reactor/machine.hpp>
#include <weft/reactor/owned_descriptor.hpp>

namespace weft
{

void OwnedDescriptor::reset(int replacement) noexcept
{
    const auto previous = std::exchange(descriptor, replacement);
    if (previous >= 0)
    {
        Machine::current().close(previous);
    }
}

} // namespace weft
