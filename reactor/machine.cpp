#include <weft/reactor/machine.hpp>
#include <weft/reactor/reactor.hpp>
#include <weft/reactor/real_machine.hpp>

namespace weft
{

Machine& Machine::real() noexcept
{
    static RealMachine machine;
    return machine;
}

Machine& Machine::current() noexcept
{
    auto* const reactor = Reactor::current();
    return reactor != nullptr ? reactor->machine() : real();
}

} // namespace weft
