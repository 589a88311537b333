#include <weft/reactor/owned_descriptor.hpp>

#include <unistd.h>

namespace weft
{

void OwnedDescriptor::reset(int replacement) noexcept
{
    const auto previous = std::exchange(descriptor, replacement);
    if (previous >= 0)
    {
        // The descriptor is gone whatever close() answers.
        ::close(previous);
    }
}

} // namespace weft
