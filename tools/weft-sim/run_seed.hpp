#pragma once

#include "sim_options.hpp"
#include "tally.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace weft::sim
{

/// A run that found nothing.
struct RunResult
{
    std::uint64_t seed = 0;
    std::uint64_t digest = 0; // of everything that happened
    std::chrono::nanoseconds simulated{};
    std::uint64_t events = 0;
    std::uint64_t operations = 0;
    Tally tally;
};

/// Runs one seed. When it finds something, a failed assertion and a crash included, it says so on
/// standard output, with the seed, the command that repeats it and the last events, and ends the
/// process with ExitFailed.
RunResult runSeed(std::uint64_t seed, const WorkerOptions& options);

/// The command line that repeats a seed.
std::string commandFor(std::uint64_t seed, const WorkerOptions& options);

} // namespace weft::sim
