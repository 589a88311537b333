#include "baseline.hpp"

#include <weft/reactor/runtime.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

namespace weft::sim
{

std::string whatIsLeft(const simulation::Simulation& simulation, Runtime& runtime)
{
    std::string left;
    const auto expectNone = [&left](std::string_view what, std::uint64_t count)
    {
        if (count != 0)
        {
            left += fmt::format("{}{} {}", left.empty() ? "" : ", ", count, what);
        }
    };
    for (const auto& fiber : runtime.fibers())
    {
        left += fmt::format("{}fiber '{}', {}", left.empty() ? "" : ", ", fiber.name,
                            toString(fiber.state));
    }
    auto& reactor = runtime.reactor(0);
    expectNone("timers", reactor.timers().armedCount());
    const auto buffers = reactor.buffers().statistics();
    expectNone("buffers in use", buffers.inUse);
    expectNone("reservations", buffers.reserved);
    expectNone("requests for buffers", buffers.waiting);
    for (const auto stackClass : StackClasses)
    {
        expectNone("stacks", reactor.scheduler().stacks().statistics(stackClass).inUse);
    }
    expectNone("descriptors", simulation.openDescriptors());
    expectNone("operations under way", simulation.operationsInFlight());
    expectNone("calls on other threads", simulation.offloadedCalls());
    return left;
}

} // namespace weft::sim
