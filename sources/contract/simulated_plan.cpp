#include <weft/reactor/simulation/chance.hpp>
#include <weft/sources/contract/simulated_plan.hpp>

#include <array>

namespace weft::contract
{

using namespace std::chrono_literals;
using namespace weft::simulation;

SimulatedPlan::SimulatedPlan(std::uint64_t seed)
{
    Chance chance(seed);
    const auto writes = chance.between(0, 12);
    for (std::uint64_t index = 0; index < writes; ++index)
    {
        steps.push_back({.kind = FeedStep::Kind::Write,
                         .bytes = chance.between(1, chance.oneIn(4) ? 8000 : 200)});
        steps.push_back({.kind = FeedStep::Kind::Pause, .duration = chance.spread(1us, 100ms)});
    }
    if (!chance.oneIn(4)) // else it falls silent
    {
        steps.push_back({.kind = chance.oneIn(2) ? FeedStep::Kind::Finish : FeedStep::Kind::Reset});
    }
    constexpr std::array Intervals{"0", "1ms", "20ms", "1h"};
    flushInterval = Intervals.at(chance.below(Intervals.size()));
    refuses = chance.oneIn(10);
    if (chance.oneIn(4))
    {
        faults = {.shortTransfer = 2,
                  .socketRefused = 5,
                  .cancellationLost = 2,
                  .slowCompletion = 3,
                  .queueFull = 4,
                  .lateWakeUp = 3,
                  .clockJump = 0,
                  .threadsSlow = 3};
    }
    faults.clockJump = 0; // bounds of time are to mean something
    consumerPause = chance.oneIn(3) ? chance.spread(1us, 20ms) : 0ns;
    sizeBytes = chance.oneIn(8) ? 0 : chance.spread(1ns, 60'000ns).count();
    retries = chance.oneIn(3);
}

} // namespace weft::contract
