#include <weft/sources/contract/simulated_life.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

/// \file
/// What a simulated machine finds: races that a real one shows once in a million runs.

namespace weft::contract
{

namespace
{

constexpr std::uint64_t Seeds = 100;
constexpr std::uint64_t StoppedSeeds = 8;
constexpr std::uint64_t StopsOfASeed = 40;

void report(const SimulatedOutcome& outcome, const std::string& where)
{
    for (const auto& problem : outcome.problems)
    {
        ADD_FAILURE() << problem << " (" << where << ')';
    }
}

void noSeedLosesAByte(const Subject& subject)
{
    for (std::uint64_t seed = 0; seed < Seeds && !testing::Test::HasFailure(); ++seed)
    {
        report(simulateLife(subject, seed), fmt::format("seed {}", seed));
    }
}

void stopAtEachStepEndsInOrder(const Subject& subject)
{
    for (std::uint64_t seed = 0; seed < StoppedSeeds; ++seed)
    {
        const auto steps = simulateLife(subject, seed).steps;
        const auto stride = std::max<std::uint64_t>(1, steps / StopsOfASeed);
        for (std::uint64_t step = 1; step <= steps && !testing::Test::HasFailure(); step += stride)
        {
            report(simulateLife(subject, seed, step),
                   fmt::format("seed {}, stopped at step {} of {}", seed, step, steps));
        }
    }
}

constexpr std::array Checks{
    SimulatedCheck{"noSeedLosesAByte", noSeedLosesAByte},
    SimulatedCheck{"stopAtEachStepEndsInOrder", stopAtEachStepEndsInOrder},
};

} // namespace

std::span<const SimulatedCheck> simulatedChecks() noexcept
{
    return Checks;
}

} // namespace weft::contract
