#include "seed_board.hpp"

namespace weft::sim
{

namespace
{

/// So that the sum over all seeds tells which seed had which digest (the finalizer of SplitMix64).
std::uint64_t mix(std::uint64_t value) noexcept
{
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
    return value ^ (value >> 31);
}

} // namespace

void SeedTotals::add(const RunResult& result) noexcept
{
    ++seeds;
    simulatedNs += static_cast<std::uint64_t>(result.simulated.count());
    events += result.events;
    operations += result.operations;
    digest += mix(mix(result.seed) ^ result.digest);
    tally += result.tally;
}

SeedTotals& SeedTotals::operator+=(const SeedTotals& other) noexcept
{
    seeds += other.seeds;
    simulatedNs += other.simulatedNs;
    events += other.events;
    operations += other.operations;
    digest += other.digest;
    tally += other.tally;
    return *this;
}

} // namespace weft::sim
