#pragma once

#include <weft/memory/planted_mistake.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace weft::sim
{

/// As they are written.
struct SimArguments
{
    std::string seed;
    std::string seeds;
    std::string firstSeed = "0";
    bool untilStopped = false;
    bool keepGoing = false;
    std::string sources;
    std::string duration;
    std::string jobs;
    std::string events = "40";
    std::string mistake;
    std::string report;
};

/// The worker of one seed: what a seed stands for depends on it.
struct WorkerOptions
{
    std::uint32_t sources = 0;
    std::chrono::nanoseconds duration{};
    std::size_t eventsShown = 0; // after a failure
    Mistake mistake = Mistake::None;
};

struct SimOptions
{
    /// Throws InvalidOption, with the option, its value and what is allowed, or UsageError when
    /// options contradict each other.
    explicit SimOptions(const SimArguments& arguments);

    WorkerOptions worker;
    /// One seed only, in this process.
    std::optional<std::uint64_t> seed;
    /// Else as many from the first one on; nothing: until stopped.
    std::optional<std::uint64_t> seeds;
    std::uint64_t firstSeed = 0;
    bool keepGoing = false;
    std::size_t jobs = 1;
    std::string report; // a file, for the summary as JSON
};

} // namespace weft::sim
