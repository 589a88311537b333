#include <weft/sources/contract/simulated_life.hpp>
#include <weft/sources/quantity.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

/// \file
/// What a simulated machine finds: races that a real one shows once in a million runs.

namespace weft::contract
{

namespace
{

constexpr std::int64_t SeedsByDefault = 100;
constexpr std::uint64_t StoppedSeeds = 8;
constexpr std::uint64_t StopsOfASeed = 40;

/// Or what the environment variable WEFT_CONTRACT_SEEDS says.
std::uint64_t seeds()
{
    const auto* const wanted = std::getenv("WEFT_CONTRACT_SEEDS");
    const auto parsed =
        wanted != nullptr ? parseInteger(wanted) : Parsed<std::int64_t>(SeedsByDefault);
    if (!parsed || *parsed < 1)
    {
        throw std::invalid_argument("WEFT_CONTRACT_SEEDS is '" + std::string(wanted) +
                                    "'; allowed: a number of at least 1");
    }
    return static_cast<std::uint64_t>(*parsed);
}

void report(const SimulatedOutcome& outcome, const std::string& where)
{
    for (const auto& problem : outcome.problems)
    {
        ADD_FAILURE() << problem << " (" << where << ')';
    }
}

void noSeedLosesAByte(const Subject& subject)
{
    const auto count = seeds();
    for (std::uint64_t seed = 0; seed < count && !testing::Test::HasFailure(); ++seed)
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

} // namespace

std::span<const SimulatedCheck> simulatedChecks() noexcept
{
    static constexpr std::array checks{
        SimulatedCheck{"noSeedLosesAByte", noSeedLosesAByte},
        SimulatedCheck{"stopAtEachStepEndsInOrder", stopAtEachStepEndsInOrder},
    };
    return checks;
}

} // namespace weft::contract
