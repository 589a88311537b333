#pragma once

#include <weft/reactor/engine_options.hpp>

#include "plant.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace weft::soak
{

/// As they are written.
struct SoakArguments
{
    std::string minutes = "2";
    std::string seed;
    std::string sources = "300";
    std::string reactors;
    std::string engine = "auto";
    std::string round = "15s";
    std::string memoryGrowth = "64MiB";
    std::string report;
    std::string plant;
    std::string watchdog = "30s";
    bool printPlan = false;
};

struct SoakOptions
{
    /// Throws InvalidOption, with the option, its value and what is allowed.
    explicit SoakOptions(const SoakArguments& arguments);

    std::chrono::nanoseconds duration{};
    std::uint64_t seed = 0; // random unless given
    std::uint32_t sources = 0;
    std::size_t reactors = 0; // zero: one for each CPU
    EngineKind engine = EngineKind::Auto;
    std::chrono::nanoseconds round{};
    std::int64_t memoryGrowthBytes = 0;
    Plant plant = Plant::Nothing;
    std::chrono::nanoseconds watchdog{}; // the longest that a stop may take
};

} // namespace weft::soak
