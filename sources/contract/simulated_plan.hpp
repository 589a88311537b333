#pragma once

#include <weft/reactor/simulation/feed.hpp>
#include <weft/reactor/simulation/simulation.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

namespace weft::contract
{

/// What the peer does, and the machine, the consumer and the configuration, all of it decided by
/// the seed.
struct SimulatedPlan
{
    explicit SimulatedPlan(std::uint64_t seed);

    simulation::Faults faults;
    std::vector<simulation::FeedStep> steps;
    const char* flushInterval = "0";
    bool refuses = false;
    bool retries = false;
    std::chrono::nanoseconds consumerPause{};
    std::int64_t sizeBytes = 0; // of a file
};

} // namespace weft::contract
